#include "gateway/certificates.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

namespace vitana::gateway {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr auto look_every = 1s;
constexpr std::size_t pem_bytes_max = 1 << 20;

tl::unexpected<Error> refused(const std::string& file, std::string_view why) {
  return failure(Error{FailureCode::CONFIG_INVALID, fmt::format("{}: {}", file, why)}
                     .with("hint", "[server] tls_certificate is a PEM file with the certificate and its chain, tls_key "
                                   "one with its key, without a password; both can be read by this user"));
}

Result<std::string> read_pem(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return refused(path, std::strerror(errno));
  // A pipe would be waited for.
  if (!S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) > pem_bytes_max) {
    return refused(path, fmt::format("no file of at most {} bytes", pem_bytes_max));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return refused(path, std::strerror(errno));
  std::string text(pem_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::shared_ptr<ssl::context> make_context() {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  auto* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are kept by the clients, in tickets; and an idle connection needs no buffers.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  // Without this a key with a password would be asked for on the terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
  return context;
}

Instant end_of(const ssl::context& context) {
  auto* native = const_cast<ssl::context&>(context).native_handle();
  const auto* certificate = SSL_CTX_get0_certificate(native);
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return {};
  return Instant(std::chrono::seconds(::timegm(&end)));
}

}  // namespace

Result<Certificates> Certificates::open(CertificateFiles files, Refused refused) {
  Certificates certificates(std::move(files), std::move(refused));
  certificates.seen_ = certificates.stamp();
  if (auto loaded = certificates.load(); !loaded) return failure(std::move(loaded.error()));
  return certificates;
}

std::shared_ptr<Certificates::Context> Certificates::current(std::chrono::steady_clock::time_point now) {
  if (now - looked_at_ < look_every) return context_;
  looked_at_ = now;
  const auto found = stamp();
  if (found == seen_) return context_;
  // Written while it was read: the next look finds another stamp, or this one's whole content.
  seen_ = found;
  if (auto loaded = load(); !loaded && refused_) refused_(loaded.error());
  return context_;
}

Certificates::Stamp Certificates::stamp() const {
  Stamp stamp;
  for (int i = 0; i < 2; ++i) {
    struct stat info{};
    if (::stat((i == 0 ? files_.certificate : files_.key).c_str(), &info) != 0) continue;
    stamp.changed_ns[i] = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
    stamp.bytes[i] = info.st_size;
    stamp.inode[i] = info.st_ino;
  }
  return stamp;
}

Result<void> Certificates::load() {
  const auto certificate = read_pem(files_.certificate);
  if (!certificate) return failure(certificate.error());
  const auto key = read_pem(files_.key);
  if (!key) return failure(key.error());
  auto context = make_context();
  error_code error;
  context->use_certificate_chain(boost::asio::buffer(*certificate), error);
  if (error) return refused(files_.certificate, "no certificate in PEM: " + error.message());
  context->use_private_key(boost::asio::buffer(*key), ssl::context::pem, error);
  if (error) return refused(files_.key, "no key of this certificate in PEM: " + error.message());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    ERR_clear_error();
    return refused(files_.key, "the key of another certificate than " + files_.certificate);
  }
  until_ = end_of(*context);
  context_ = std::move(context);
  return {};
}

}  // namespace vitana::gateway
