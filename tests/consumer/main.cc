// SPDX-License-Identifier: MIT
//
// The same from C++17: contexts held by a unique_ptr, a column of numbers and one of string views, hashes known beforehand.
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>

#include <weft/weft.h>

int main() {
  weft_ctx *raw = nullptr;
  if (weft_ctx_create(nullptr, &raw) != WEFT_OK) {
    std::fprintf(stderr, "consumer: %s\n", weft_ctx_message(nullptr));
    return 1;
  }
  std::unique_ptr<weft_ctx, decltype(&weft_ctx_free)> ctx(raw, weft_ctx_free);

  constexpr std::string_view text = "weft";
  const void *const pointers[] = {text.data()};
  const std::size_t lengths[] = {text.size()};
  const weft_column strings = weft_column_ptrs(pointers, lengths, 1);
  std::array<std::uint64_t, 1> hash{};
  std::array<weft_fingerprint, 1> fingerprint{};
  if (weft_hash64(ctx.get(), WEFT_XXH3_64, &strings, 1, 0, hash.data()) != WEFT_OK ||
      weft_hash128(ctx.get(), &strings, 1, 0, fingerprint.data()) != WEFT_OK) {
    std::fprintf(stderr, "consumer: %s\n", weft_ctx_message(ctx.get()));
    return 1;
  }
  std::printf("%s %016llx\n", weft_version(), static_cast<unsigned long long>(hash[0]));
  const bool right =
      fingerprint[0].high == UINT64_C(0x69aeedc904d9a734) && fingerprint[0].low == UINT64_C(0x126c4f6354db18ad);
  return right && hash[0] == UINT64_C(0x15d05235f1304082) ? 0 : 1;
}
