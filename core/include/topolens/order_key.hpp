// Floating-point numbers as integers of the same order, which vector units and radix sorts like better.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace topolens {

template <class Real>
using OrderKey = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;

// Integers in the order of the numbers, both zeros equal; the largest integer stays free for the frame.
template <class Real>
[[gnu::always_inline]] inline OrderKey<Real> order_key(Real value) {
    using Key = OrderKey<Real>;
    const Key bits = std::bit_cast<Key>(value + Real(0));
    const Key key = bits >= 0 ? bits : static_cast<Key>(bits ^ std::numeric_limits<Key>::max());
    return std::min<Key>(key, std::numeric_limits<Key>::max() - 1);
}

}  // namespace topolens
