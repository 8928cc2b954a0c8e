// The server's certificate and key, as their files are now. Not for use outside the gateway's network.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace vitana::gateway {

struct CertificateFiles {
  std::string certificate;  ///< PEM, with its chain
  std::string key;          ///< PEM, without a password

  bool operator==(const CertificateFiles&) const = default;
};

/// One thread at a time.
class Certificates {
 public:
  using Context = boost::asio::ssl::context;
  /// Told once of each pair that cannot be used; the one before stays in use.
  using Refused = std::function<void(const Error&)>;

  /// Errors: CONFIG_INVALID: a file cannot be read, is no PEM, or the key is another certificate's.
  static Result<Certificates> open(CertificateFiles files, Refused refused);

  /// What a new connection is spoken to with: TLS 1.2 or 1.3. Looks at the files once a second at most.
  std::shared_ptr<Context> current(std::chrono::steady_clock::time_point now);
  /// When the certificate in use ends.
  Instant until() const { return until_; }

 private:
  /// What tells one state of the two files from another.
  struct Stamp {
    std::int64_t changed_ns[2] = {};
    std::int64_t bytes[2] = {};
    std::uint64_t inode[2] = {};
    bool operator==(const Stamp&) const = default;
  };

  Certificates(CertificateFiles files, Refused refused) : files_(std::move(files)), refused_(std::move(refused)) {}
  Stamp stamp() const;
  Result<void> load();

  CertificateFiles files_;
  Refused refused_;
  std::shared_ptr<Context> context_;
  Instant until_{};
  Stamp seen_;
  std::chrono::steady_clock::time_point looked_at_{};
};

}  // namespace vitana::gateway
