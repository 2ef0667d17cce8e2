#include "agent/http/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RequestHeadTest, AHeadIsTakenApart) {
  const RequestHead head =
      ParseHead("GET /a?b=c HTTP/1.1\r\nHost: localhost:1\r\nX:\t a: b \r\nEmpty:\nX:2\r\n\r\n");
  EXPECT_EQ(head.fault_status, 0) << head.fault;
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.version, "HTTP/1.1");
  EXPECT_THAT(head.headers,
              ElementsAre(Pair("Host", "localhost:1"), Pair("X", "a: b"), Pair("Empty", ""), Pair("X", "2")));
  EXPECT_THAT(head.Values("x"), ElementsAre("a: b", "2"));
  EXPECT_THAT(head.Values("y"), IsEmpty());
}

TEST(RequestHeadTest, AFaultHasAStatus) {
  for (const char* line : {"", "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
                           "GET / HTTP/1", "GET / http/1.1", "GET / HTTP/1.11", "GET /\t HTTP/1.1",
                           "GET /\x7f HTTP/1.1", "G(T / HTTP/1.1", "GET /a b HTTP/1.1"}) {
    EXPECT_EQ(ParseHead(std::string(line) + "\r\nHost: a\r\n\r\n").fault_status, 400) << line;
  }
  for (const char* header : {"X", " X: y", "\tX: y", "X: y\r\n folded"}) {
    EXPECT_EQ(ParseHead("GET / HTTP/1.1\r\n" + std::string(header) + "\r\n\r\n").fault_status, 400) << header;
  }
  EXPECT_EQ(ParseHead(std::string("GET /\0 HTTP/1.1\r\n\r\n", 19)).fault_status, 400);
  EXPECT_EQ(ParseHead("GET / HTTP/2.0\r\n\r\n").fault_status, 505);
  EXPECT_EQ(ParseHead("GET / HTTP/1.1").fault_status, 0) << "cut before its end, as one that was too long";
}

TEST(RequestHeadTest, MoreThanAThousandHeadersAreTooMany) {
  std::string bytes = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 1'000; i++) bytes += "a:\r\n";
  EXPECT_EQ(ParseHead(bytes + "\r\n").fault_status, 0);
  EXPECT_EQ(ParseHead(bytes + "a:\r\n\r\n").fault_status, 431);
}

TEST(RequestHeadTest, TheConnectionEndsIfTheClientSaysSoOrIsOld) {
  const auto ends = [](const std::string& version, const std::string& headers) {
    return ParseHead("GET / HTTP/" + version + "\r\n" + headers + "\r\n").EndsConnection();
  };
  EXPECT_FALSE(ends("1.1", ""));
  EXPECT_TRUE(ends("1.1", "Connection: close\r\n"));
  EXPECT_TRUE(ends("1.1", "connection: TE , Close,x\r\n"));
  EXPECT_TRUE(ends("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(ends("1.1", "Connection: closed\r\n"));
  EXPECT_TRUE(ends("1.0", ""));
  EXPECT_FALSE(ends("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(RequestHeadTest, ATargetIsAPathWithOrWithoutAHostOrAStar) {
  const RequestTarget path = ParseTarget("/a?b?c").value();
  EXPECT_EQ(path.authority, std::nullopt);
  EXPECT_EQ(path.path, "/a");
  EXPECT_EQ(path.query, "b?c");
  const RequestTarget absolute = ParseTarget("hTTp://h:1/a?b").value();
  EXPECT_EQ(absolute.authority, "h:1");
  EXPECT_EQ(absolute.path, "/a");
  EXPECT_EQ(absolute.query, "b");
  EXPECT_EQ(ParseTarget("https://h").value().path, "/");
  EXPECT_EQ(ParseTarget("http://h?b").value().path, "/");
  EXPECT_EQ(ParseTarget("http://h?b").value().query, "b");
  EXPECT_EQ(ParseTarget("*").value().path, "*");
  for (const char* target : {"", "x", "h:80", "http://", "http:///", "http://u@h/", "ftp://h/", "?b"}) {
    EXPECT_FALSE(ParseTarget(target).has_value()) << target;
  }
}

}  // namespace
}  // namespace shmetrics::agent
