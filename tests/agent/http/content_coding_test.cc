#include "agent/http/content_coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/program.h"

namespace shmetrics::agent {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using ::testing::ElementsAre;
using ::testing::Pair;

HttpResponse Encoded(std::string body, std::string_view accept_encoding, Headers headers = {}) {
  HttpResponse answer{200, "text/plain", std::move(body), std::move(headers)};
  Encode(accept_encoding, &answer);
  return answer;
}

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "jobs_total{number=\"" + std::to_string(i) + "\"} 1\n";
  return text;
}

TEST(ContentCodingTest, GzipUndoesIt) {
  const std::string text = Lines(10'000);
  const HttpResponse answer = Encoded(text, "gzip");
  EXPECT_THAT(answer.headers, ElementsAre(Pair("Vary", "Accept-Encoding"), Pair("Content-Encoding", "gzip")));
  EXPECT_LT(answer.body.size(), text.size() / 4);
  const testing::Ended gunzip = shmetrics::testing::RunProgram({"gzip", "-dc"}, answer.body);
  EXPECT_EQ(gunzip.code, 0) << gunzip.errors;
  EXPECT_TRUE(gunzip.output == text);
}

TEST(ContentCodingTest, AClientThatDoesNotAskGetsTheBodyUncompressed) {
  for (const char* accept_encoding : {"", "identity", "gzip;q=0", "br, zstd"}) {
    const HttpResponse answer = Encoded(Lines(1'000), accept_encoding);
    EXPECT_EQ(answer.body, Lines(1'000));
    EXPECT_THAT(answer.headers, ElementsAre(Pair("Vary", "Accept-Encoding")));
  }
}

TEST(ContentCodingTest, ShortBodiesAndThoseThatDoNotShrinkStayAsTheyAre) {
  std::string noise(100'000, '\0');
  std::minstd_rand random;
  for (char& byte : noise) byte = static_cast<char>(random() >> 8U);
  for (const std::string& body : {std::string(), std::string("up 1\n"), std::string(1'023, 'x'), noise}) {
    const HttpResponse answer = Encoded(body, "gzip");
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.headers.size(), 1U);
  }
  EXPECT_EQ(Encoded(std::string(1'024, 'x'), "gzip").headers.size(), 2U);
}

TEST(ContentCodingTest, VaryNamesBothHeadersOfANegotiatedAnswer) {
  EXPECT_THAT(Encoded("x", "", {{"Vary", "Accept"}}).headers,
              ElementsAre(Pair("Vary", "Accept, Accept-Encoding")));
}

}  // namespace
}  // namespace shmetrics::agent
