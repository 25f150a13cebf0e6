// Single-linkage clusters inside each cell of a cover, cut where the histogram of merge heights first has a gap.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "neighbours.hpp"
#include "simd.hpp"
#include "threads.hpp"
#include "union_find.hpp"

namespace topolens {

struct Merge {
    double height;
    std::int64_t from;
    std::int64_t to;
};

// Lowers least[i] to fresh[i] where the newest member is nearer, notes it as the link, and returns the first
// slot of the smallest value. Blocks keep the search for that slot short.
template <class Real>
TOPOLENS_VECTORISED std::int64_t absorb(const Real* fresh, std::int64_t count, OrderBits<Real> newest,
                                    Real* __restrict least, OrderBits<Real>* __restrict link) {
    using Bits = OrderBits<Real>;
    constexpr std::int64_t block = 64;
    Bits best = std::numeric_limits<Bits>::max();
    std::int64_t slot = 0;
    for (std::int64_t start = 0; start < count; start += block) {
        const std::int64_t stop = std::min(count, start + block);
        Bits low = std::numeric_limits<Bits>::max();
        for (std::int64_t i = start; i < stop; ++i) {
            const bool nearer = fresh[i] < least[i];
            least[i] = nearer ? fresh[i] : least[i];
            link[i] = nearer ? newest : link[i];
            const Bits bits = std::bit_cast<Bits>(least[i]);
            low = bits < low ? bits : low;
        }
        if (low < best) best = low, slot = start;
    }
    while (std::bit_cast<Bits>(least[slot]) != best) ++slot;
    return slot;
}

// Minimum spanning tree of one cell by Prim's rule: no matrix, distances to the newest member are computed
// when it joins. Members outside the tree are kept contiguous, so the distance loop never sees the others.
template <class Real>
class CellTree {
public:
    CellTree(const Real* points, std::int64_t axes) : points_(points), axes_(axes) {}

    const std::vector<Merge>& grow(const std::int64_t* members, std::int64_t count) {
        load(members, count);
        merges_.clear();
        std::int64_t newest = 0, left = count - 1;  // member 0 is the root; slots 0..left hold the others
        while (left > 0) {
            squared_distances(columns_.data(), stride_, left, axes_, points_ + members[newest] * axes_,
                              fresh_.data());
            const std::int64_t slot = absorb(fresh_.data(), left, static_cast<OrderBits<Real>>(newest),
                                             least_.data(), link_.data());
            const auto s = static_cast<std::size_t>(slot);
            merges_.push_back({std::sqrt(static_cast<double>(least_[s])), link_[s], id_[s]});
            newest = id_[s];
            move_slot(--left, slot);
        }
        return merges_;
    }

private:
    void load(const std::int64_t* members, std::int64_t count) {
        stride_ = count - 1;
        const auto size = static_cast<std::size_t>(stride_);
        if (fresh_.size() < size) {
            fresh_.resize(size), least_.resize(size), id_.resize(size), link_.resize(size);
            columns_.resize(size * static_cast<std::size_t>(axes_));
        }
        for (std::int64_t i = 0; i < stride_; ++i) {
            for (std::int64_t k = 0; k < axes_; ++k)
                columns_[static_cast<std::size_t>(k * stride_ + i)] = points_[members[i + 1] * axes_ + k];
            id_[static_cast<std::size_t>(i)] = i + 1;
            link_[static_cast<std::size_t>(i)] = 0;
            least_[static_cast<std::size_t>(i)] = std::numeric_limits<Real>::infinity();
        }
    }

    void move_slot(std::int64_t from, std::int64_t to) {
        const auto f = static_cast<std::size_t>(from), t = static_cast<std::size_t>(to);
        least_[t] = least_[f];
        id_[t] = id_[f];
        link_[t] = link_[f];
        for (std::int64_t k = 0; k < axes_; ++k)
            columns_[static_cast<std::size_t>(k * stride_) + t] = columns_[static_cast<std::size_t>(k * stride_) + f];
    }

    const Real* points_;
    std::int64_t axes_;
    std::int64_t stride_ = 0;
    std::vector<Real> columns_, fresh_, least_;
    std::vector<std::int64_t> id_;
    std::vector<OrderBits<Real>> link_;
    std::vector<Merge> merges_;
};

// Bin of a merge height: [0, top] is cut into `bins` equal bins, a height on an inner edge falls in the upper
// bin, and the largest height falls in the last one. Computed as floor(bins * height / top), in this order.
inline std::int64_t height_bin(double height, double top, std::int64_t bins) {
    return std::min(bins - 1, static_cast<std::int64_t>(static_cast<double>(bins) * height / top));
}

// First empty bin after the first filled one; `bins` when there is none, or when all heights are 0.
inline std::int64_t first_gap(const std::vector<Merge>& merges, double top, std::int64_t bins,
                              std::vector<char>& filled) {
    if (!(top > 0) || !std::isfinite(top)) return bins;
    filled.assign(static_cast<std::size_t>(bins), 0);
    for (const Merge& merge : merges) filled[static_cast<std::size_t>(height_bin(merge.height, top, bins))] = 1;
    const auto first = std::find(filled.begin(), filled.end(), char{1});
    return std::find(first, filled.end(), char{0}) - filled.begin();
}

// Labels of the members of one cell, numbered in order of first member.
inline void cut_tree(const std::vector<Merge>& merges, std::int64_t count, std::int64_t bins,
                     std::vector<char>& filled, std::int64_t* labels) {
    double top = 0;
    for (const Merge& merge : merges) top = std::max(top, merge.height);
    const std::int64_t gap = first_gap(merges, top, bins, filled);
    UnionFind clusters(count);
    for (const Merge& merge : merges) {
        if (gap < bins && height_bin(merge.height, top, bins) > gap) continue;
        const std::int64_t a = clusters.find(merge.from), b = clusters.find(merge.to);
        clusters.attach(std::max(a, b), std::min(a, b));  // the root is the first member
    }
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t root = clusters.find(i);
        labels[i] = root == i ? next++ : labels[root];
    }
}

// Cell c holds the points members[offsets[c] .. offsets[c + 1]). Cells differ much in size, so each thread
// takes the next free cell; every cell writes only its own labels.
template <class Real>
std::vector<std::int64_t> cell_clusters(const Real* points, std::int64_t axes, const std::int64_t* members,
                                        const std::int64_t* offsets, std::int64_t cells, std::int64_t bins,
                                        int threads) {
    std::vector<std::int64_t> labels(static_cast<std::size_t>(offsets[cells]));
    std::atomic<std::int64_t> next{0};
    const std::int64_t crew = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(cells, 1));
    parallel_chunks(crew, static_cast<int>(crew), [&](std::int64_t, std::int64_t) {
        CellTree<Real> tree(points, axes);
        std::vector<char> filled;
        for (std::int64_t c = next++; c < cells; c = next++) {
            const std::int64_t count = offsets[c + 1] - offsets[c];
            if (count == 0) continue;
            cut_tree(tree.grow(members + offsets[c], count), count, bins, filled, labels.data() + offsets[c]);
        }
    });
    return labels;
}

}  // namespace topolens
