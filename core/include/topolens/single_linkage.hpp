// Single-linkage clusters inside each cell of a cover, cut where the histogram of merge heights first has a gap.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cell_groups.hpp"
#include "cell_space.hpp"
#include "simd.hpp"
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

// Minimum spanning tree of one cell by Prim's rule: no matrix of a cloud is made, distances to the newest member are
// computed when it joins. Members outside the tree are kept contiguous, so the distance loop never sees the others.
template <class Space>
class CellTree {
public:
    using Real = decltype(Space::bound(0.0));

    explicit CellTree(Space space) : space_(std::move(space)) {}

    const std::vector<Merge>& grow(const std::int64_t* members, std::int64_t count) {
        load(members, count);
        merges_.clear();
        std::int64_t newest = 0, left = count - 1;  // member 0 is the root; slots 0..left hold the others
        while (left > 0) {
            space_.distances(newest, 0, left, fresh_.data());
            const std::int64_t slot = absorb(fresh_.data(), left, static_cast<OrderBits<Real>>(newest),
                                             least_.data(), link_.data());
            const auto s = static_cast<std::size_t>(slot);
            merges_.push_back({Space::height(least_[s]), link_[s], id_[s]});
            newest = id_[s];
            move_slot(--left, slot);
        }
        return merges_;
    }

private:
    void load(const std::int64_t* members, std::int64_t count) {
        space_.load(members, count);
        const auto size = static_cast<std::size_t>(count);
        if (fresh_.size() < size) fresh_.resize(size), least_.resize(size), id_.resize(size), link_.resize(size);
        for (std::size_t i = 0; i < size; ++i) {
            id_[i] = static_cast<std::int64_t>(i);
            link_[i] = 0;
            least_[i] = std::numeric_limits<Real>::infinity();
        }
        move_slot(count - 1, 0);
    }

    void move_slot(std::int64_t from, std::int64_t to) {
        const auto f = static_cast<std::size_t>(from), t = static_cast<std::size_t>(to);
        least_[t] = least_[f];
        id_[t] = id_[f];
        link_[t] = link_[f];
        space_.move(from, to);
    }

    Space space_;
    std::vector<Real> fresh_, least_;
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

// Labels of the members of one cell, numbered in order of first member, once the merges that are kept are made.
template <class Kept>
void label_merged(const std::vector<Merge>& merges, std::int64_t count, Kept&& kept, std::int64_t* labels) {
    UnionFind clusters(count);
    for (const Merge& merge : merges) {
        if (!kept(merge.height)) continue;
        const std::int64_t a = clusters.find(merge.from), b = clusters.find(merge.to);
        clusters.attach(std::max(a, b), std::min(a, b));  // the root is the first member
    }
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t root = clusters.find(i);
        labels[i] = root == i ? next++ : labels[root];
    }
}

inline void cut_tree(const std::vector<Merge>& merges, std::int64_t count, std::int64_t bins,
                     std::vector<char>& filled, std::int64_t* labels) {
    double top = 0;
    for (const Merge& merge : merges) top = std::max(top, merge.height);
    const std::int64_t gap = first_gap(merges, top, bins, filled);
    label_merged(
        merges, count, [&](double height) { return gap >= bins || height_bin(height, top, bins) <= gap; }, labels);
}

// Cell c holds the points members[offsets[c] .. offsets[c + 1]).
template <class Space>
std::vector<std::int64_t> cell_clusters(const Space& space, const std::int64_t* members, const std::int64_t* offsets,
                                        std::int64_t cells, std::int64_t bins, int threads) {
    struct State {
        CellTree<Space> tree;
        std::vector<char> filled;
    };
    std::vector<std::int64_t> labels(static_cast<std::size_t>(offsets[cells]));
    each_cell<State>(
        cells, threads, [&] { return State{CellTree<Space>(space), {}}; },
        [&](std::int64_t c, State& state) {
            const std::int64_t count = offsets[c + 1] - offsets[c];
            if (count == 0) return;
            cut_tree(state.tree.grow(members + offsets[c], count), count, bins, state.filled,
                     labels.data() + offsets[c]);
        });
    return labels;
}

// Merges of all cells: those of cell c lie at offsets[c] - c in the order Prim's rule finds them, one fewer than
// members. No cell is empty.
template <class Space>
std::vector<Merge> cell_merges(const Space& space, const std::int64_t* members, const std::int64_t* offsets,
                               std::int64_t cells, int threads) {
    std::vector<Merge> merges(static_cast<std::size_t>(offsets[cells] - cells));
    each_cell<CellTree<Space>>(
        cells, threads, [&] { return CellTree<Space>(space); },
        [&](std::int64_t c, CellTree<Space>& tree) {
            const auto& own = tree.grow(members + offsets[c], offsets[c + 1] - offsets[c]);
            std::copy(own.begin(), own.end(), merges.begin() + (offsets[c] - c));
        });
    return merges;
}

// Labels when each cell keeps its merges up to a height of its own.
inline std::vector<std::int64_t> cut_merges(const double* heights, const std::int64_t* from, const std::int64_t* to,
                                            const std::int64_t* offsets, const double* cuts, std::int64_t cells) {
    std::vector<std::int64_t> labels(static_cast<std::size_t>(offsets[cells]));
    std::vector<Merge> merges;
    for (std::int64_t c = 0; c < cells; ++c) {
        merges.clear();
        for (std::int64_t m = offsets[c] - c; m < offsets[c + 1] - c - 1; ++m)
            merges.push_back({heights[m], from[m], to[m]});
        label_merged(
            merges, offsets[c + 1] - offsets[c], [&](double height) { return height <= cuts[c]; },
            labels.data() + offsets[c]);
    }
    return labels;
}

}  // namespace topolens
