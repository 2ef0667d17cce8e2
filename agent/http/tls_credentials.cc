#include "agent/http/tls_credentials.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "agent/base/log.h"
#include "client-lib/config/regular_file.h"

namespace shmetrics::agent {
namespace {

Error CannotUse(const TlsFiles& files, const char* reason) {
  return {ErrorCode::kBadOption, "cannot use the TLS certificate " + files.certificate + " with the key " +
                                     files.key + ": " + reason};
}

void WarnIfOthersCanRead(const std::string& key) {
  struct stat found {};
  if (stat(key.c_str(), &found) == 0 && (found.st_mode & S_IROTH) != 0) {
    Log(LogLevel::kWarn, "every user of this machine can read the TLS key " + key);
  }
}

gnutls_datum_t BytesOf(std::string* text) {
  return {reinterpret_cast<unsigned char*>(text->data()), static_cast<unsigned>(text->size())};
}

int Refuse(gnutls_session_t /*session*/, const gnutls_datum_t* /*authorities*/, int /*authorities_size*/,
           const gnutls_pk_algorithm_t* /*algorithms*/, int /*algorithms_size*/, gnutls_pcert_st** /*chain*/,
           unsigned* /*chain_size*/, gnutls_privkey_t* /*key*/) {
  return -1;
}

}  // namespace

struct TlsCredentials::State {
  gnutls_certificate_credentials_t credentials = nullptr;
};

TlsCredentials::TlsCredentials(std::unique_ptr<State> state) : state_(std::move(state)) {}

TlsCredentials::~TlsCredentials() { gnutls_certificate_free_credentials(state_->credentials); }

Result<std::shared_ptr<const TlsCredentials>> TlsCredentials::Load(const TlsFiles& files) {
  auto state = std::make_unique<State>();
  int error = gnutls_certificate_allocate_credentials(&state->credentials);
  if (error != GNUTLS_E_SUCCESS) return CannotUse(files, gnutls_strerror(error));
  const std::shared_ptr<const TlsCredentials> loaded(new TlsCredentials(std::move(state)));
  // Not read by GnuTLS: a pipe in place of a file would stop the thread that serves.
  Result<std::string> certificate = config::ReadRegularFile(files.certificate);
  if (!certificate.ok()) return certificate.error();
  Result<std::string> key = config::ReadRegularFile(files.key);
  if (!key.ok()) return key.error();
  const gnutls_datum_t certificate_bytes = BytesOf(&certificate.value());
  const gnutls_datum_t key_bytes = BytesOf(&key.value());
  // This also compares the two: a new certificate with an old key is refused.
  error = gnutls_certificate_set_x509_key_mem(loaded->state_->credentials, &certificate_bytes, &key_bytes,
                                              GNUTLS_X509_FMT_PEM);
  if (error < 0) return CannotUse(files, gnutls_strerror(error));
  WarnIfOthersCanRead(files.key);
  return loaded;
}

TlsCredentials::Callback TlsCredentials::Refuser() { return reinterpret_cast<Callback>(&Refuse); }

bool TlsCredentials::Use(gnutls_session_int* session) const {
  return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, state_->credentials) == GNUTLS_E_SUCCESS;
}

}  // namespace shmetrics::agent
