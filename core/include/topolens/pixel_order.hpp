// The total order of pixels, (value, flat index), through integers; and which neighbours come earlier in it.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "order_key.hpp"
#include "simd.hpp"

namespace topolens {

// ---- keys: integers in the order of the numbers

template <class Pixel>
struct PixelKey {
    using Key = Pixel;
    static constexpr bool has_infinity = false;
    [[gnu::always_inline]] static Key of(Pixel value) { return value; }
};

template <class Real>
struct RealKey {
    using Key = OrderKey<Real>;
    static constexpr bool has_infinity = true;
    [[gnu::always_inline]] static Key of(Real value) { return order_key(value); }
};

template <>
struct PixelKey<float> : RealKey<float> {};
template <>
struct PixelKey<double> : RealKey<double> {};

template <class Pixel>
using KeyOf = typename PixelKey<Pixel>::Key;

// Keys of a row; every bit turned round (`flip` = all ones) they stand in falling order, and none overflows.
template <class Pixel>
TOPOLENS_VECTORISED void pixel_keys(const Pixel* row, std::int64_t width, KeyOf<Pixel> flip,
                                    KeyOf<Pixel>* __restrict keys) {
    for (std::int64_t c = 0; c < width; ++c) keys[c] = static_cast<KeyOf<Pixel>>(PixelKey<Pixel>::of(row[c]) ^ flip);
}

// masks[c] = which neighbours come earlier than pixel c; among equals the rows above and the left do.
template <class Key>
TOPOLENS_VECTORISED void earlier_masks(const Key* above, const Key* here, const Key* below, std::int64_t width,
                                       std::uint8_t* __restrict masks) {
    for (std::int64_t c = 0; c < width; ++c) {
        const Key key = here[c];
        const unsigned mask = unsigned{above[c] <= key} | unsigned{above[c + 1] <= key} << 1 |
                              unsigned{here[c + 1] < key} << 2 | unsigned{below[c + 1] < key} << 3 |
                              unsigned{below[c] < key} << 4 | unsigned{below[c - 1] < key} << 5 |
                              unsigned{here[c - 1] <= key} << 6 | unsigned{above[c - 1] <= key} << 7;
        masks[c] = static_cast<std::uint8_t>(mask);
    }
}

// ---- heights and ranks: unsigned numbers, compared one by one

// 64 bits for double, 32 for all others.
template <class Pixel>
using HeightOf = std::conditional_t<sizeof(KeyOf<Pixel>) == 8, std::uint64_t, std::uint32_t>;

template <class Pixel>
HeightOf<Pixel> height_of_key(KeyOf<Pixel> key) {
    using Height = HeightOf<Pixel>;
    constexpr Height sign = std::is_signed_v<KeyOf<Pixel>> ? Height{1} << (8 * sizeof(Height) - 1) : Height{0};
    return static_cast<Height>(key) ^ sign;
}

struct WideRank {
    std::uint64_t height;
    std::uint32_t index;
    friend auto operator<=>(const WideRank&, const WideRank&) = default;
};

// A height, then an index.
template <class Height>
using Rank = std::conditional_t<sizeof(Height) == 8, WideRank, std::uint64_t>;

template <class Height>
Rank<Height> rank_of(Height height, std::uint32_t index) {
    if constexpr (sizeof(Height) == 8)
        return {height, index};
    else
        return std::uint64_t{height} << 32 | index;
}

inline std::uint32_t index_of(const WideRank& rank) { return rank.index; }
inline std::uint32_t index_of(std::uint64_t rank) { return static_cast<std::uint32_t>(rank); }
inline std::uint64_t height_of(const WideRank& rank) { return rank.height; }
inline std::uint32_t height_of(std::uint64_t rank) { return static_cast<std::uint32_t>(rank >> 32); }

template <class Height>
Rank<Height> last_rank() {
    return rank_of(std::numeric_limits<Height>::max(), std::numeric_limits<std::uint32_t>::max());
}

}  // namespace topolens
