// Floating-point numbers as integers of the same order, which vector units and radix sorts like better.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace topolens {

template <class Real>
using OrderKey = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;

// Both zeros are equal. No number has the largest integer, nor, turned round (every bit flipped), the smallest.
template <class Real>
[[gnu::always_inline]] inline OrderKey<Real> order_key(Real value) {
    using Key = OrderKey<Real>;
    const Key bits = std::bit_cast<Key>(value + Real(0));
    return bits ^ ((bits >> (8 * sizeof(Key) - 1)) & std::numeric_limits<Key>::max());
}

}  // namespace topolens
