#include "agent/http/request_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

using ::testing::Contains;
using ::testing::Pair;

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

RequestHead Head(Headers headers, std::string_view target = "/x", std::string_view version = "HTTP/1.1") {
  return {"GET", version, target, std::move(headers), "a"};
}

bool IsInShape(const RequestHead& head) {
  const auto refusal = RefusalOfShape(head);
  EXPECT_TRUE(!refusal || refusal->status == 400);
  return !refusal;
}

TEST(RequestGuardTest, AHeadOfTheRightShapePasses) {
  EXPECT_TRUE(IsInShape(Head({{"Host", "localhost"}})));
  EXPECT_TRUE(IsInShape(Head({{"host", "localhost"}, {"Content-Length", "0"}})));
  EXPECT_TRUE(IsInShape(Head({}, "/x", "HTTP/1.0")));
}

TEST(RequestGuardTest, ARequestThatMayHaveABodyIsRefused) {
  for (const char* length : {"1", "00", "+0", "-0", " 0", "0 ", "0x0", "0,0", ""}) {
    EXPECT_FALSE(IsInShape(Head({{"Host", "h"}, {"content-length", length}}))) << length;
  }
  EXPECT_FALSE(IsInShape(Head({{"Host", "h"}, {"Content-Length", "0"}, {"content-length", "0"}})));
  EXPECT_FALSE(IsInShape(Head({{"Host", "h"}, {"Transfer-Encoding", ""}})));
  EXPECT_FALSE(IsInShape(Head({{"Host", "h"}, {"TRANSFER-ENCODING", "identity"}})));
}

TEST(RequestGuardTest, AnAmbiguousHeaderIsRefused) {
  for (const char* name : {"Content-Length ", "Transfer-Encoding\t", "", "X Y", "X:Y", "X\x01",
                           "XTransfer-Encoding: chunked", "\xc3\xa4"}) {
    EXPECT_FALSE(IsInShape(Head({{"Host", "h"}, {name, ""}}))) << name;
  }
  for (const char* value : {"y\rTransfer-Encoding: chunked", "y\nz", "\x7f", "\x01"}) {
    EXPECT_FALSE(IsInShape(Head({{"Host", "h"}, {"X", value}}))) << value;
  }
  EXPECT_TRUE(IsInShape(Head({{"Host", "h"}, {"X-~!#$%&'*+.^_`|9", "any\ttext: \xc3\xa4"}})));
}

TEST(RequestGuardTest, AHostIsNeededOnceAndNotEmpty) {
  EXPECT_FALSE(IsInShape(Head({})));
  EXPECT_FALSE(IsInShape(Head({{"Host", ""}})));
  EXPECT_FALSE(IsInShape(Head({{"Host", "localhost"}, {"host", "localhost"}})));
  EXPECT_FALSE(IsInShape(Head({{"Host", "localhost"}, {"host", "evil"}}, "/x", "HTTP/1.0")));
}

TEST(RequestGuardTest, ATargetIsAPathWithoutZeroBytes) {
  for (const char* target : {"/%00", "/x?y=%00", "http://", "*", "x", ""}) {
    EXPECT_FALSE(IsInShape(Head({{"Host", "localhost"}}, target))) << target;
  }
}

class RequestPolicyTest : public ::testing::Test {
 protected:
  std::optional<HttpResponse> Refusal(const RequestHead& head) {
    return RefusalByPolicy(head, {"127.0.0.1", 8000}, policy_, auth_);
  }

  HttpPolicy policy_;
  BasicAuth auth_;
};

TEST_F(RequestPolicyTest, ARequestForThisServerPasses) {
  EXPECT_FALSE(Refusal(Head({{"Host", "localhost:8000"}})));
  EXPECT_FALSE(Refusal(Head({}, "/x", "HTTP/1.0")));
  policy_.allowed_hosts = {"good.example"};
  EXPECT_FALSE(Refusal(Head({{"Host", "good.example"}})));
}

TEST_F(RequestPolicyTest, AForeignHostIsMisdirectedWhateverThePassword) {
  policy_.users = {{"a", "$2y$04$"}};
  EXPECT_EQ(Refusal(Head({{"Host", "evil.example"}}))->status, 421);
}

TEST_F(RequestPolicyTest, ARequestWithoutAPasswordIsAskedForOne) {
  policy_.users = {{"a", "$2y$04$"}};
  for (const Headers& headers :
       {Headers{}, Headers{{"Authorization", "Basic YTpi"}, {"Authorization", "Basic YTpi"}}}) {
    RequestHead head = Head({{"Host", "localhost"}});
    head.headers.insert(head.headers.end(), headers.begin(), headers.end());
    head.method = "PUT";
    const auto refusal = Refusal(head);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 401) << "before anything else is told";
    EXPECT_THAT(refusal->headers,
                Contains(Pair("WWW-Authenticate", "Basic realm=\"shmetrics\", charset=\"UTF-8\"")));
  }
}

TEST_F(RequestPolicyTest, AGuesserIsToldToWait) {
  policy_.users = {{"a", "$2y$04$"}};
  const RequestHead guess = Head({{"Host", "localhost"}, {"Authorization", "Basic YTpi"}});
  EXPECT_EQ(Refusal(guess)->status, 401);
  const auto refusal = Refusal(guess);
  EXPECT_EQ(refusal->status, 429);
  EXPECT_THAT(refusal->headers, Contains(Pair("Retry-After", "1")));
}

TEST_F(RequestPolicyTest, OtherMethodsAreRefusedAndTheAllowedOnesAreNamed) {
  RequestHead head = Head({{"Host", "localhost"}});
  for (const char* method : {"POST", "OPTIONS", "TRACE", "CONNECT", "get"}) {
    head.method = method;
    const auto refusal = Refusal(head);
    ASSERT_TRUE(refusal) << method;
    EXPECT_EQ(refusal->status, head.method == "OPTIONS" ? 204 : 405);
    EXPECT_THAT(refusal->headers, Contains(Pair("Allow", "GET, HEAD, OPTIONS")));
  }
  head.method = "HEAD";
  EXPECT_FALSE(Refusal(head));
}

}  // namespace
}  // namespace shmetrics::agent
