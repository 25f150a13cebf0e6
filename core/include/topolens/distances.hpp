// Distances as the engine takes them: a square matrix is checked, or
// distances are computed from points.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "simd.hpp"

namespace topolens {

// What keeps a matrix from being one of dissimilarities; the diagonal is not looked at.
struct MatrixFaults {
    bool nan = false, negative = false, asymmetric = false;
};

namespace detail {

inline constexpr std::int64_t mirror_tile = 16;

// Compares a full tile (rows of `a`) with its mirror image (rows of `b`). Bits: 1 NaN, 2 negative, 4 different.
template <class Scalar>
TOPOLENS_VECTORISED std::int32_t compare_mirrored(const Scalar* a, const Scalar* b, std::int64_t stride) {
    std::int32_t nan = 0, negative = 0, different = 0;
    Scalar mirrored[mirror_tile][mirror_tile];
    for (std::int64_t c = 0; c < mirror_tile; ++c)
        for (std::int64_t r = 0; r < mirror_tile; ++r) mirrored[r][c] = b[c * stride + r];
    for (std::int64_t r = 0; r < mirror_tile; ++r)
        for (std::int64_t c = 0; c < mirror_tile; ++c) {
            const Scalar value = a[r * stride + c];
            const Scalar other = mirrored[r][c];
            nan |= (value != value) | (other != other);
            negative |= value < Scalar{0};
            different |= value != other;
        }
    return (nan ? 1 : 0) | (negative ? 2 : 0) | (different ? 4 : 0);
}

// Distances of the point `v` of the columns to the first `count`, whose coordinates start at `columns`.
template <class Scalar>
TOPOLENS_VECTORISED void euclidean(const Scalar* columns, std::int64_t stride, std::int64_t d, std::int64_t v,
                                   std::int64_t count, Scalar* __restrict out) {
    for (std::int64_t k = 0; k < count; ++k) out[k] = 0;
    for (std::int64_t axis = 0; axis < d; ++axis) {
        const Scalar* coordinate = columns + axis * stride;
        const Scalar own = coordinate[v];
        for (std::int64_t k = 0; k < count; ++k) {
            const Scalar difference = coordinate[k] - own;
            out[k] += difference * difference;
        }
    }
    for (std::int64_t k = 0; k < count; ++k) out[k] = std::sqrt(out[k]);
}

}  // namespace detail

// Faults among the rows [begin, end) of the lower triangle and their mirror images; `begin` must be a multiple of 16.
template <class Scalar>
MatrixFaults matrix_faults(const Scalar* matrix, std::int64_t n, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t tile = detail::mirror_tile;
    std::int32_t found = 0;
    for (std::int64_t top = begin; top < end; top += tile) {
        const bool full = top + tile <= n;
        for (std::int64_t left = 0; full && left < top; left += tile)
            found |= detail::compare_mirrored(matrix + top * n + left, matrix + left * n + top, n);
        for (std::int64_t i = top; i < std::min(end, top + tile); ++i)
            for (std::int64_t j = full ? top : 0; j < i; ++j) {
                const Scalar value = matrix[i * n + j], mirrored = matrix[j * n + i];
                found |= (value != value || mirrored != mirrored ? 1 : 0) | (value < Scalar{0} ? 2 : 0) | (value != mirrored ? 4 : 0);
            }
    }
    return {(found & 1) != 0, (found & 2) != 0, (found & 4) != 0};
}

// Points by coordinate, so that distances of one point to many are computed in vectors.
template <class Scalar>
class PointColumns {
public:
    PointColumns(const Scalar* points, std::int64_t n, std::int64_t d)
        : n_(n), d_(d), columns_(static_cast<std::size_t>(n * d)) {
        for (std::int64_t v = 0; v < n; ++v)
            for (std::int64_t axis = 0; axis < d; ++axis)
                columns_[static_cast<std::size_t>(axis * n + v)] = points[v * d + axis];
    }

    std::int64_t size() const { return n_; }

    // Euclidean distances of point v to the first `count` points; every caller sees the same last digit.
    void distances(std::int64_t v, std::int64_t count, Scalar* out) const {
        constexpr std::int64_t block = 1024;  // stays in the first cache while the axes are summed
        for (std::int64_t start = 0; start < count; start += block)
            detail::euclidean(columns_.data() + start, n_, d_, v - start, std::min(block, count - start), out + start);
    }

private:
    std::int64_t n_, d_;
    std::vector<Scalar> columns_;
};

}  // namespace topolens
