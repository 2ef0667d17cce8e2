#include "tests/support/certificate.h"

#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace shmetrics::testing {

void MakeCertificate(const std::string& certificate, const std::string& key, const std::string& name) {
  const Ended made =
      RunProgram({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-days", "2", "-subj", "/CN=" + name, "-addext",
                  "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate});
  EXPECT_EQ(made.code, 0) << made.errors;
}

}  // namespace shmetrics::testing
