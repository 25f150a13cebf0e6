// Distance of every point to its k-th nearest other point: blocked brute force with a running selection.
// From 8 dimensions on a search tree visits so many points that a vectorised scan is faster; see docs/benchmarks.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "simd.hpp"
#include "threads.hpp"

namespace topolens {

// Coordinates of many points, one contiguous row per axis: what the vectorised distance loop reads.
template <class Real>
struct AxisMajor {
    std::int64_t count = 0;
    std::int64_t axes = 0;
    std::vector<Real> coordinates;

    AxisMajor() = default;
    AxisMajor(const Real* points, std::int64_t n, std::int64_t d)
        : count(n), axes(d), coordinates(static_cast<std::size_t>(n * d)) {
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t k = 0; k < d; ++k)
                coordinates[static_cast<std::size_t>(k * n + i)] = points[i * d + k];
    }
};

// Bits of a non-negative number order like the number, and integer minima vectorise.
template <class Real>
using OrderBits = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;

// Adds the squares of `Axes` coordinate differences to out[0..count).
template <int Axes, class Real>
[[gnu::always_inline]] inline void add_squares(const Real* columns, std::int64_t stride, std::int64_t count,
                                               const Real* point, Real* __restrict out) {
    for (std::int64_t c = 0; c < count; ++c) {
        Real sum = out[c];
        for (int k = 0; k < Axes; ++k) {
            const Real gap = columns[k * stride + c] - point[k];
            sum += gap * gap;
        }
        out[c] = sum;
    }
}

// out[c] = squared distance from `point` to candidate c. Differences, not dot products: points that nearly
// coincide keep all their digits.
template <class Real>
TOPOLENS_VECTORISED void squared_distances(const Real* columns, std::int64_t stride, std::int64_t count,
                                       std::int64_t axes, const Real* point, Real* __restrict out) {
    std::fill(out, out + count, Real(0));
    std::int64_t k = 0;
    for (; k + 8 <= axes; k += 8) add_squares<8>(columns + k * stride, stride, count, point + k, out);
    for (; k + 3 <= axes; k += 3) add_squares<3>(columns + k * stride, stride, count, point + k, out);
    for (; k < axes; ++k) add_squares<1>(columns + k * stride, stride, count, point + k, out);
}

// Appends the values below `bound` to kept[size..] and returns the new size; most groups of 32 have none.
template <class Real>
TOPOLENS_VECTORISED std::int64_t append_below(const Real* values, std::int64_t count, Real bound, Real* kept,
                                          std::int64_t size) {
    constexpr std::int64_t group = 32;
    std::int64_t c = 0;
    for (; c + group <= count; c += group) {
        int any = 0;
        for (std::int64_t j = c; j < c + group; ++j) any |= values[j] < bound;
        if (!any) continue;
        for (std::int64_t j = c; j < c + group; ++j) {
            kept[size] = values[j];
            size += values[j] < bound;
        }
    }
    for (; c < count; ++c) {
        kept[size] = values[c];
        size += values[c] < bound;
    }
    return size;
}

// The k smallest of a stream of values, with slack for one more tile.
template <class Real>
class SmallestK {
public:
    SmallestK(std::int64_t k, std::int64_t tile)
        : k_(k), kept_(static_cast<std::size_t>(3 * k + tile + 64)) {}

    void restart() {
        size_ = 0;
        bound_ = std::numeric_limits<Real>::infinity();
    }

    void take(const Real* values, std::int64_t count) {
        size_ = append_below(values, count, bound_, kept_.data(), size_);
        if (size_ > 2 * k_ + 32) shrink();
    }

    // The k-th smallest, or infinity when fewer than k finite values came.
    Real kth() {
        if (size_ >= k_) shrink();
        return bound_;
    }

private:
    void shrink() {
        std::nth_element(kept_.begin(), kept_.begin() + (k_ - 1), kept_.begin() + size_);
        size_ = k_;
        bound_ = kept_[static_cast<std::size_t>(k_ - 1)];
    }

    std::int64_t k_;
    std::int64_t size_ = 0;
    Real bound_ = std::numeric_limits<Real>::infinity();
    std::vector<Real> kept_;
};

// Fills distances[begin..end) for the queries of one thread; query q is point rows[q], q itself without rows. A block of queries passes over the candidates
// tile by tile, so that a tile is read from the nearest cache for the whole block.
template <class Real>
void kth_neighbour_range(const AxisMajor<Real>& cloud, const Real* points, std::int64_t k, const std::int64_t* rows,
                         std::int64_t begin, std::int64_t end, Real* distances) {
    const auto row = [&](std::int64_t q) { return rows ? rows[q] : q; };
    const std::int64_t n = cloud.count, d = cloud.axes;
    const std::int64_t fit = 32768 / static_cast<std::int64_t>(sizeof(Real)) / std::max<std::int64_t>(d, 1);
    const std::int64_t tile = std::clamp<std::int64_t>(fit / 32 * 32, 128, 1024);
    const std::int64_t block = std::min<std::int64_t>(64, end - begin);
    std::vector<SmallestK<Real>> nearest(static_cast<std::size_t>(block), SmallestK<Real>(k, tile));
    std::vector<Real> squares(static_cast<std::size_t>(tile));
    for (std::int64_t first = begin; first < end; first += block) {
        const std::int64_t last = std::min(end, first + block);
        for (auto& n_k : nearest) n_k.restart();
        for (std::int64_t t = 0; t < n; t += tile) {
            const std::int64_t count = std::min(tile, n - t);
            for (std::int64_t q = first; q < last; ++q) {
                squared_distances(cloud.coordinates.data() + t, n, count, d, points + row(q) * d, squares.data());
                if (row(q) >= t && row(q) < t + count)  // a point is not its own neighbour
                    squares[static_cast<std::size_t>(row(q) - t)] = std::numeric_limits<Real>::infinity();
                nearest[static_cast<std::size_t>(q - first)].take(squares.data(), count);
            }
        }
        for (std::int64_t q = first; q < last; ++q)
            distances[q] = std::sqrt(nearest[static_cast<std::size_t>(q - first)].kth());
    }
}

// Of the `queries` points rows[..], or of the first so many without rows. Requires 1 <= k <= n - 1.
template <class Real>
std::vector<Real> kth_neighbour(const Real* points, std::int64_t n, std::int64_t d, std::int64_t k,
                                const std::int64_t* rows, std::int64_t queries, int threads) {
    const AxisMajor<Real> cloud(points, n, d);
    std::vector<Real> distances(static_cast<std::size_t>(queries));
    parallel_chunks(queries, threads, [&](std::int64_t begin, std::int64_t end) {
        kth_neighbour_range(cloud, points, k, rows, begin, end, distances.data());
    });
    return distances;
}

template <class Real>
std::vector<Real> kth_neighbour(const Real* points, std::int64_t n, std::int64_t d, std::int64_t k, int threads) {
    return kth_neighbour(points, n, d, k, nullptr, n, threads);
}

}  // namespace topolens
