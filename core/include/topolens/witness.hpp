// Edge values of the lazy witness complex, as the witness that attains each of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "neighbours.hpp"
#include "simd.hpp"
#include "threads.hpp"

namespace topolens {

inline constexpr std::int64_t witness_tile = 256;

template <class Real>
inline Real excess(Real distance, Real slack) {
    const Real over = distance - slack;
    return over > 0 ? over : Real(0);
}

template <class Real>
TOPOLENS_VECTORISED void excess_bits(const Real* distances, const Real* slack, std::int64_t count,
                                 OrderBits<Real>* __restrict bits) {
    for (std::int64_t z = 0; z < count; ++z) bits[z] = std::bit_cast<OrderBits<Real>>(excess(distances[z], slack[z]));
}

template <class Bits>
TOPOLENS_VECTORISED Bits least_max(const Bits* a, const Bits* b, std::int64_t count) {
    Bits least = std::numeric_limits<Bits>::max();
    for (std::int64_t z = 0; z < count; ++z) {
        const Bits both = a[z] > b[z] ? a[z] : b[z];
        least = least < both ? least : both;
    }
    return least;
}

// Witnesses of the pairs [begin, end). Rounding is monotone, so max(D[a], D[b]) - slack equals the larger of
// the two differences bit for bit: the subtraction is done once per landmark, not once per pair.
template <class Real>
void witness_range(const Real* distances, const Real* slack, std::int64_t landmarks, std::int64_t witnesses,
                   std::int64_t begin, std::int64_t end, std::int64_t* found) {
    using Bits = OrderBits<Real>;
    std::int64_t first_row = 1;
    while (first_row * (first_row + 1) / 2 <= begin) ++first_row;
    std::vector<Bits> tile(static_cast<std::size_t>(landmarks * witness_tile));
    std::vector<Bits> best(static_cast<std::size_t>(end - begin), std::numeric_limits<Bits>::max());
    std::fill(found + begin, found + end, std::int64_t{0});
    for (std::int64_t start = 0; start < witnesses; start += witness_tile) {
        const std::int64_t count = std::min(witness_tile, witnesses - start);
        for (std::int64_t a = 0; a < landmarks; ++a)
            excess_bits(distances + a * witnesses + start, slack + start, count, tile.data() + a * witness_tile);
        std::int64_t a = first_row, b = begin - first_row * (first_row - 1) / 2;
        for (std::int64_t pair = begin; pair < end; ++pair) {
            const Bits least = least_max(tile.data() + a * witness_tile, tile.data() + b * witness_tile, count);
            if (least < best[static_cast<std::size_t>(pair - begin)]) {
                best[static_cast<std::size_t>(pair - begin)] = least;
                found[pair] = start;  // the tile for now
            }
            if (++b == a) ++a, b = 0;
        }
    }
    std::int64_t a = first_row, b = begin - first_row * (first_row - 1) / 2;
    for (std::int64_t pair = begin; pair < end; ++pair) {
        const Real target = std::bit_cast<Real>(best[static_cast<std::size_t>(pair - begin)]);
        std::int64_t z = found[pair];
        const Real *to_a = distances + a * witnesses, *to_b = distances + b * witnesses;
        while (std::max(excess(to_a[z], slack[z]), excess(to_b[z], slack[z])) != target) ++z;
        found[pair] = z;
        if (++b == a) ++a, b = 0;
    }
}

// For each landmark pair a > b, at a (a - 1) / 2 + b: the witness z with the least
// max(0, max(D[a, z], D[b, z]) - slack[z]); the lowest z wins a tie. Requires witnesses >= 1.
template <class Real>
std::vector<std::int64_t> witness_edges(const Real* distances, const Real* slack, std::int64_t landmarks,
                                        std::int64_t witnesses, int threads) {
    const std::int64_t pairs = landmarks * (landmarks - 1) / 2;
    std::vector<std::int64_t> found(static_cast<std::size_t>(pairs));
    parallel_chunks(pairs, threads, [&](std::int64_t begin, std::int64_t end) {
        witness_range(distances, slack, landmarks, witnesses, begin, end, found.data());
    });
    return found;
}

}  // namespace topolens
