#include "gateway/certificates.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace vitana::gateway {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct CertificatesTest : ::testing::Test {
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("vitana-certificates-" + std::to_string(::getpid()));
  const CertificateFiles files_{(folder_ / "hub.pem").string(), (folder_ / "hub.key").string()};
  std::vector<std::string> refused_;
  std::chrono::steady_clock::time_point now_{1h};

  CertificatesTest() { std::filesystem::create_directories(folder_); }
  ~CertificatesTest() override { std::filesystem::remove_all(folder_); }

  Result<Certificates> open() {
    return Certificates::open(files_, [this](const Error& error) { refused_.push_back(to_string(error)); });
  }

  /// A new key with its certificate, which holds for so many days.
  void make(int days, bool certificate = true, bool key = true, const char* password = nullptr) const {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 24L * 3600 * days);
    X509_set_pubkey(x509, pair);
    X509_sign(x509, pair, EVP_sha256());
    if (certificate) {
      std::FILE* file = std::fopen(files_.certificate.c_str(), "w");
      PEM_write_X509(file, x509);
      std::fclose(file);
    }
    if (key) {
      std::FILE* file = std::fopen(files_.key.c_str(), "w");
      PEM_write_PKCS8PrivateKey(file, pair, password == nullptr ? nullptr : EVP_aes_128_cbc(), password,
                                password == nullptr ? 0 : static_cast<int>(std::strlen(password)), nullptr, nullptr);
      std::fclose(file);
    }
    X509_free(x509);
    EVP_PKEY_free(pair);
  }

  auto current(Certificates& certificates) { return certificates.current(now_ += 2s); }
};

TEST_F(CertificatesTest, AnotherPairIsTakenWhenTheFilesChange) {
  make(10);
  auto certificates = open();
  ASSERT_TRUE(certificates) << to_string(certificates.error());
  const auto first = current(*certificates);
  EXPECT_EQ(current(*certificates), first);
  const auto until = certificates->until();
  make(20);
  EXPECT_EQ(certificates->current(now_ + 1ms), first) << "looked at once a second";
  const auto second = current(*certificates);
  EXPECT_NE(second, first);
  EXPECT_EQ(std::chrono::round<std::chrono::hours>(certificates->until() - until), 240h);
  EXPECT_TRUE(refused_.empty());
}

TEST_F(CertificatesTest, AHalfWrittenPairKeepsTheOneBeforeAndIsToldOnce) {
  make(10);
  auto certificates = open();
  ASSERT_TRUE(certificates);
  const auto first = current(*certificates);
  make(20, true, false);
  EXPECT_EQ(current(*certificates), first);
  EXPECT_EQ(current(*certificates), first);
  ASSERT_EQ(refused_.size(), 1U);
  EXPECT_THAT(refused_[0], HasSubstr("key"));
  std::ofstream(files_.certificate) << "-----BEGIN CERTIFICATE-----\nMIIB";
  EXPECT_EQ(current(*certificates), first);
  std::filesystem::remove(files_.key);
  EXPECT_EQ(current(*certificates), first);
  EXPECT_EQ(refused_.size(), 3U);
  make(30);
  EXPECT_NE(current(*certificates), first);
  EXPECT_EQ(refused_.size(), 3U);
}

TEST_F(CertificatesTest, WhatCannotBeUsedIsRefusedAtTheStart) {
  EXPECT_EQ(open().error().code, FailureCode::CONFIG_INVALID) << "nothing is there";
  make(10);
  make(10, true, false);
  EXPECT_THAT(open().error().message, HasSubstr(files_.key)) << "another certificate's key";
  make(10, true, true, "secret");
  EXPECT_THAT(open().error().message, HasSubstr(files_.key)) << "a password is not asked for";
  std::ofstream(files_.key) << std::string(2 << 20, 'a');
  EXPECT_THAT(open().error().message, HasSubstr("bytes"));
  std::filesystem::remove(files_.key);
  ASSERT_EQ(::mkfifo(files_.key.c_str(), 0600), 0);
  EXPECT_THAT(open().error().message, HasSubstr("no file")) << "a pipe is not waited for";
  std::filesystem::remove(files_.certificate);
  std::filesystem::create_directory(files_.certificate);
  EXPECT_THAT(open().error().message, HasSubstr("no file"));
}

}  // namespace
}  // namespace vitana::gateway
