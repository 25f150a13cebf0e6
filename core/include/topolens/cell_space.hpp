// The members of one cell of a cover, laid out so that distances from one of them to a run of others vectorise.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "neighbours.hpp"

namespace topolens {

// Members of a cell in slots, of a cloud of points. Distances are squares; `bound` and `height` translate.
template <class Real>
class CloudCell {
public:
    CloudCell(const Real* points, std::int64_t axes) : points_(points), axes_(axes) {}

    // Slot i holds member i.
    void load(const std::int64_t* members, std::int64_t count) {
        members_ = members;
        stride_ = count;
        if (columns_.size() < static_cast<std::size_t>(count * axes_))
            columns_.resize(static_cast<std::size_t>(count * axes_));
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t k = 0; k < axes_; ++k)
                columns_[static_cast<std::size_t>(k * count + i)] = points_[members[i] * axes_ + k];
    }

    // out[i] = square of the distance from member `from` (its number when loaded) to slot begin + i.
    void distances(std::int64_t from, std::int64_t begin, std::int64_t count, Real* out) const {
        squared_distances(columns_.data() + begin, stride_, count, axes_, points_ + members_[from] * axes_, out);
    }

    // The same from any point.
    void distances(const Real* point, std::int64_t begin, std::int64_t count, Real* out) const {
        squared_distances(columns_.data() + begin, stride_, count, axes_, point, out);
    }

    void move(std::int64_t from, std::int64_t to) {
        for (std::int64_t k = 0; k < axes_; ++k)
            columns_[static_cast<std::size_t>(k * stride_ + to)] =
                columns_[static_cast<std::size_t>(k * stride_ + from)];
    }

    // Largest square whose root is at most `scale`: comparing squares with it is comparing distances with `scale`.
    static Real bound(double scale) {
        constexpr Real top = std::numeric_limits<Real>::infinity();
        const Real limit = static_cast<Real>(scale);
        Real square = limit * limit;
        if (!std::isfinite(square)) return std::numeric_limits<Real>::max();
        while (std::sqrt(square) > limit) square = std::nextafter(square, Real(0));
        while (std::sqrt(std::nextafter(square, top)) <= limit) square = std::nextafter(square, top);
        return square;
    }

    static double height(Real square) { return std::sqrt(static_cast<double>(square)); }

private:
    const Real* points_;
    const std::int64_t* members_ = nullptr;
    std::int64_t axes_;
    std::int64_t stride_ = 0;
    std::vector<Real> columns_;
};

// The same where all distances are given as a matrix, (points, points).
template <class Real>
class MatrixCell {
public:
    MatrixCell(const Real* matrix, std::int64_t points) : matrix_(matrix), points_(points) {}

    void load(const std::int64_t* members, std::int64_t count) {
        members_ = members;
        rows_.assign(members, members + count);
    }

    void distances(std::int64_t from, std::int64_t begin, std::int64_t count, Real* out) const {
        const Real* row = matrix_ + members_[from] * points_;
        for (std::int64_t i = 0; i < count; ++i) out[i] = row[rows_[static_cast<std::size_t>(begin + i)]];
    }

    void move(std::int64_t from, std::int64_t to) {
        rows_[static_cast<std::size_t>(to)] = rows_[static_cast<std::size_t>(from)];
    }

    static Real bound(double scale) { return static_cast<Real>(scale); }

    static double height(Real distance) { return static_cast<double>(distance); }

private:
    const Real* matrix_;
    const std::int64_t* members_ = nullptr;
    std::int64_t points_;
    std::vector<std::int64_t> rows_;
};

}  // namespace topolens
