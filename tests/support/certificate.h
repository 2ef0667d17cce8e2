#ifndef SHMETRICS_TESTS_SUPPORT_CERTIFICATE_H_
#define SHMETRICS_TESTS_SUPPORT_CERTIFICATE_H_

#include <string>

namespace shmetrics::testing {

/// Writes a key and a certificate for localhost and 127.0.0.1, signed by itself, in PEM. `name` is its
/// subject. It is a test failure if openssl does not make them.
void MakeCertificate(const std::string& certificate, const std::string& key, const std::string& name);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_CERTIFICATE_H_
