#include "gateway/compression.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace vitana::gateway {
namespace {

std::string plain(const std::string& gzip, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string in = gzip;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return out;
}

TEST(Compression, IsForWhoTakesIt) {
  for (const auto* header : {"gzip", "deflate, GZip", "br;q=1.0, gzip;q=0.8, *;q=0.1", "x-gzip", "*", " gzip ", "gzip;q=0.001"}) {
    EXPECT_TRUE(accepts_gzip(header)) << header;
  }
  for (const auto* header : {"", "identity", "gzip;q=0", "gzip ; q = 0.000", "*;q=0", "*, gzip;q=0", "gzipped", ",,;;", "br"}) {
    EXPECT_FALSE(accepts_gzip(header)) << header;
  }
}

TEST(Compression, IsNotForStreamsOrWhatIsSmall) {
  const Request request{.headers = {{"accept-encoding", "gzip"}}};
  EXPECT_TRUE(is_compressed(request, {.body = std::string(1024, 'a')}));
  EXPECT_FALSE(is_compressed(request, {.body = std::string(1023, 'a')}));
  EXPECT_FALSE(is_compressed({}, {.body = std::string(1024, 'a')}));
  class Nothing : public Stream {
    Result<std::string> next() override { return std::string(); }
    std::string_view heartbeat() const override { return ""; }
  };
  EXPECT_FALSE(is_compressed(request, {.body = std::string(1024, 'a'), .stream = std::make_shared<Nothing>()}));
}

TEST(Compression, ComesBackAsItWas) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ", ";
  Response response{.body = text};
  compress(response);
  EXPECT_LT(response.body.size(), text.size() / 2);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].second, "gzip");
  EXPECT_EQ(plain(response.body, text.size()), text);
}

TEST(Compression, LeavesWhatItCannotMakeSmaller) {
  std::string text;
  std::uint32_t state = 7;
  for (int i = 0; i < 4096; ++i) text += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  Response response{.body = text};
  compress(response);
  EXPECT_EQ(response.body, text);
  EXPECT_TRUE(response.headers.empty());
}

}  // namespace
}  // namespace vitana::gateway
