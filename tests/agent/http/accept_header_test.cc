#include "agent/http/accept_header.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

TEST(AcceptHeaderTest, GzipIsForThoseWhoAskForItAndPreferNothingElse) {
  for (const char* wanted : {"gzip", "GZip", "gzip, deflate, br, zstd", "deflate, gzip;q=0.1", "x-gzip",
                             "identity, gzip", "*", "*;q=0.5", "identity;q=0, *",
                             "br;q=1.0, gzip;q=0.8, *;q=0.1", "zstd , gzip ; q=1.000", "gzip;q=0, x-gzip"}) {
    EXPECT_TRUE(AcceptsGzip(wanted)) << wanted;
  }
  for (const char* unwanted :
       {"", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "deflate, br", "zstd", "gzipp",
        "gzip;q=2", "gzip;q=x", "identity;q=1, gzip;q=0.5", "identity, *;q=0.5", "not gzip", "\"gzip\""}) {
    EXPECT_FALSE(AcceptsGzip(unwanted)) << unwanted;
  }
}

}  // namespace
}  // namespace shmetrics::agent
