// Persistence pairs of three-dimensional images.
//
// Voxels are ranked by (value, flat index). Which of its 26 neighbours come earlier says which cells enter with a
// voxel and which of them are critical (volume_link.hpp). Dimensions 0 and 2 are unions of components, of early
// voxels along edges and of late ones, seen from the cubes, around them; dimension 1 is a reduction of the critical
// squares that closed no void (volume_loops.hpp).
//
// Only V is computed. The complex T of a volume is dual to V of the volume turned upside down with a frame that
// enters first and counts as a point: a cube of dimension k is paired in the one as its dual of dimension 3 - k in
// the other, so births and deaths, and dimensions 0 and 2, change places.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "order_key.hpp"
#include "pixel_arcs.hpp"
#include "pairs.hpp"
#include "radix_sort.hpp"
#include "simd.hpp"
#include "threads.hpp"
#include "volume_link.hpp"
#include "volume_loops.hpp"

namespace topolens {

// ---- cells that enter with the voxels of one row

using Offsets = std::array<std::int32_t, link_cells>;

template <std::size_t... k>
[[gnu::always_inline]] inline LinkCells earlier_neighbours(const std::int32_t* rank, const Offsets& step,
                                                           std::index_sequence<k...>) {
    return ((LinkCells{rank[step[k]] < *rank} << k) | ...);
}

template <std::size_t... k>
[[gnu::always_inline]] inline LinkCells closed_squares(LinkCells set, std::index_sequence<k...>) {
    return ((((set >> square_edges[k][0]) & (set >> square_edges[k][1]) & (set >> (6 + k)) & 1U) << (6 + k)) | ...);
}

// The squares of cube k have its signs along two axes each.
template <std::size_t... k>
[[gnu::always_inline]] inline LinkCells closed_cubes(LinkCells set, std::index_sequence<k...>) {
    return ((((set >> (6 + k / 2)) & (set >> (10 + k / 4 * 2 + k % 2)) & (set >> (14 + k % 4)) & (set >> (18 + k)) & 1U)
             << (18 + k)) |
            ...);
}

TOPOLENS_VECTORISED inline void entering_cells(const std::int32_t* rank, const Offsets& step, std::int64_t width,
                                               LinkCells* __restrict cells) {
    const Offsets s = step;
    for (std::int64_t x = 0; x < width; ++x) {
        const LinkCells set = earlier_neighbours(rank + x, s, std::make_index_sequence<link_cells>{});
        const LinkCells closed = (set & 63U) | closed_squares(set, std::make_index_sequence<link_squares>{});
        cells[x] = closed | closed_cubes(closed | (set & ~0x3ffffU), std::make_index_sequence<link_cubes>{});
    }
}

// Pairs of one volume after another, all of the same shape; buffers live as long as the object.
template <class Real, Construction kind>
class VolumePairs {
    using Index = std::int32_t;
    using Key = std::make_unsigned_t<OrderKey<Real>>;
    static constexpr bool dual = kind == Construction::top_cells;
    static constexpr Index unknown = -1, outside = 0;
    static constexpr Index last = std::numeric_limits<Index>::max();

public:
    // Requires (depth + 2) (height + 2) (width + 2) < 2^31.
    VolumePairs(std::int64_t depth, std::int64_t height, std::int64_t width, int threads = 1)
        : depth_(depth), height_(height), width_(width), size_(depth * height * width), row_(width + 2),
          slice_((height + 2) * row_), threads_(std::clamp(threads, 1, most_threads(depth))) {
        const auto framed = static_cast<std::size_t>((depth + 2) * slice_);
        if (size_ == 0) return;
        volume_.depth = depth, volume_.height = height, volume_.width = width;
        volume_.rank.assign(framed, dual ? -1 : last);
        volume_.order.resize(static_cast<std::size_t>(size_));
        volume_.cells.assign(framed, 0);
        labels_.resize(framed);
        for (std::size_t k = 0; k < link_cells; ++k)
            volume_.step[k] = static_cast<Index>(link_step[k][0] * slice_ + link_step[k][1] * row_ + link_step[k][2]);
    }

    // Pairs in order of (dimension, birth, death), bars of no length left out.
    void compute(const Real* volume, int max_dim, Pairs& pairs) {
        pairs.clear();
        if (size_ == 0) return;
        values_ = volume;
        rank_voxels();
        find_cells();
        const bool loops = max_dim >= 1;
        std::array<std::vector<VoxelPair>, 3> bars;
        if (!dual || max_dim >= 2 || loops) bars[0] = merge_early();
        if (dual || max_dim >= 2 || loops) bars[2] = merge_late();
        if (loops) bars[1] = close_loops();
        for (int dim = 0; dim <= std::min(max_dim, 2); ++dim)
            store(bars[static_cast<std::size_t>(dual ? 2 - dim : dim)], dim, pairs);
    }

private:
    struct Voxel {
        Key key;
        Index voxel;
    };

    // A saddle touches the components of the extrema a and b through one of its critical cells.
    struct Link {
        Index rank, a, b;
        Index cell;  // number of the edge, or the square
    };

    struct VoxelPair {
        Index birth, death;  // ranks
    };

    // An extremum and, as a tree, the component that it names or has joined.
    struct Extremum {
        Index rank, parent;
    };

    // Each has at least four slices of its own.
    static int most_threads(std::int64_t depth) {
        return static_cast<int>(std::clamp<std::int64_t>(depth / 4, 1, max_loop_threads));
    }

    static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

    // visit(flat index, voxel) with the first voxel of each row of some slices.
    template <class Visit>
    void for_each_row(std::int64_t first, std::int64_t last, Visit&& visit) const {
        for (std::int64_t z = first; z < last; ++z)
            for (std::int64_t y = 0; y < height_; ++y)
                visit((z * height_ + y) * width_, static_cast<Index>((z + 1) * slice_ + (y + 1) * row_ + 1));
    }

    template <class Visit>
    void for_each_voxel(Visit&& visit) const {
        for_each_row(0, depth_, [&](std::int64_t, Index start) {
            for (Index p = start; p < start + width_; ++p) visit(p);
        });
    }

    std::int64_t flat(Index p) const {
        return (p / slice_ - 1) * height_ * width_ + (p % slice_ / row_ - 1) * width_ + p % row_ - 1;
    }

    // Sorted by key; voxels of equal keys keep their order.
    void rank_voxels() {
        constexpr int bits = 8 * static_cast<int>(sizeof(Key));
        std::vector<Voxel> voxels(static_cast<std::size_t>(size_)), spare;
        for_each_row(0, depth_, [&](std::int64_t from, Index start) {
            for (Index x = 0; x < width_; ++x)
                voxels[static_cast<std::size_t>(from + x)] = {
                    static_cast<Key>(order_key(values_[from + x])) ^ Key{1} << (bits - 1), start + x};
        });
        radix_sort(voxels, spare, bits, [](const Voxel& v) { return v.key; });
        for (std::int64_t i = 0; i < size_; ++i) {
            const auto rank = static_cast<Index>(dual ? size_ - 1 - i : i);
            volume_.order[at(rank)] = voxels[static_cast<std::size_t>(i)].voxel;
            volume_.rank[at(voxels[static_cast<std::size_t>(i)].voxel)] = rank;
        }
    }

    void find_cells() {
        parallel_chunks(depth_, threads_, [&](std::int64_t first, std::int64_t last) {
            for_each_row(first, last, [&](std::int64_t, Index start) {
                entering_cells(volume_.rank.data() + start, volume_.step, width_, volume_.cells.data() + start);
            });
        });
    }

    // ---- components

    // The frame is extremum 0.
    void start_labels(Index frame_rank) {
        std::fill(labels_.begin(), labels_.end(), outside);
        for_each_row(0, depth_,
                     [&](std::int64_t, Index start) { std::fill_n(labels_.begin() + start, width_, unknown); });
        extrema_.assign(1, {frame_rank, outside});
        links_.clear();
    }

    // The extremum that a walk from voxel p ends in; onward(p) is the next voxel, or p itself.
    template <class Onward>
    Index label(Index p, Onward&& onward) {
        Index end = p;
        while (labels_[at(end)] == unknown) {
            const Index next = onward(end);
            if (next == end) {
                labels_[at(end)] = static_cast<Index>(extrema_.size());
                extrema_.push_back({volume_.rank[at(end)], labels_[at(end)]});
                break;
            }
            end = next;
        }
        const Index found = labels_[at(end)];
        for (Index q = p; labels_[at(q)] == unknown; q = onward(q)) labels_[at(q)] = found;
        return found;
    }

    Index early_label(Index p) {
        return label(p, [this](Index q) {
            const unsigned edges = volume_.cells[at(q)] & 63U;
            return edges == 0 ? q : q + volume_.step[static_cast<std::size_t>(std::countr_zero(edges))];
        });
    }

    // The first cell that does not enter with a voxel has all its faces there: its far corner is a later voxel.
    Index late_label(Index p) {
        return label(p, [this](Index q) {
            const unsigned absent = ~volume_.cells[at(q)];
            const int cell = std::countr_zero(absent);
            return cell == link_cells ? q : q + volume_.step[static_cast<std::size_t>(cell)];
        });
    }

    Index root(Index id) {
        for (;;) {
            Extremum& here = extrema_[at(id)];
            if (here.parent == id) return id;
            here.parent = extrema_[at(here.parent)].parent;
            id = here.parent;
        }
    }

    void sort_links() {
        if (links_.size() > std::numeric_limits<std::uint32_t>::max())
            throw std::overflow_error("a volume may have at most 2^32 critical squares; split it");
        std::vector<Link> spare;
        radix_sort(links_, spare, std::bit_width(static_cast<std::uint64_t>(size_)),
                   [](const Link& link) { return static_cast<std::uint32_t>(link.rank); });
    }

    // Components of early voxels, joined along critical edges.
    std::vector<VoxelPair> merge_early() {
        start_labels(-1);
        edges_.clear();
        saddles_.clear();
        for_each_voxel([&](Index p) {
            const LowerLink& link = lower_links_[volume_.cells[at(p)]];
            if (link.parts < 2) return;
            if (edges_.size() > static_cast<std::size_t>(last - link_edges))
                throw std::overflow_error("a volume may have at most 2^31 critical edges; split it");
            const auto number = static_cast<Index>(edges_.size());
            saddles_.push_back({p, number});
            edges_.resize(edges_.size() + link.parts - 1U);
            const Index a = early_label(p + volume_.step[link.first[0]]);
            for (Index j = 1; j < link.parts; ++j)
                links_.push_back({volume_.rank[at(p)], a, early_label(p + volume_.step[link.first[at(j)]]),
                                  number + j - 1});
        });
        sort_links();
        std::vector<VoxelPair> bars;
        for (const Link& link : links_) {
            Index a = root(link.a), b = root(link.b);
            if (a == b) continue;
            edges_[at(link.cell)].column = CriticalEdge::joins;
            if (extrema_[at(a)].rank > extrema_[at(b)].rank) std::swap(a, b);
            extrema_[at(b)].parent = a;
            bars.push_back({extrema_[at(b)].rank, link.rank});
        }
        if (!dual) bars.push_back({0, last});
        return bars;
    }

    // Components of late voxels, joined through critical squares; the squares that join nothing are left as columns.
    std::vector<VoxelPair> merge_late() {
        start_labels(last);
        columns_.clear();
        for_each_voxel([&](Index p) {
            const LinkCells cells = volume_.cells[at(p)];
            const LowerLink& lower = lower_links_[cells];
            if (count_loops(cells, lower.parts) <= 0 || std::popcount(cells) == link_cells) return;
            const UpperLink upper = find_upper_link(cells, lower.tree);
            for (std::size_t k = 0; k < static_cast<std::size_t>(upper.count); ++k) {
                const auto [square, gap] = upper.squares[k];
                links_.push_back({volume_.rank[at(p)], late_label(p + volume_.step[gap[0]]),
                                  late_label(p + volume_.step[gap[1]]), square});
            }
        });
        sort_links();
        std::vector<VoxelPair> bars;
        for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
            Index a = root(link->a), b = root(link->b);
            if (a == b) {
                columns_.push_back({link->rank, static_cast<std::uint8_t>(link->cell)});
                continue;
            }
            if (extrema_[at(a)].rank < extrema_[at(b)].rank) std::swap(a, b);
            extrema_[at(b)].parent = a;
            bars.push_back({link->rank, extrema_[at(b)].rank});
        }
        std::reverse(columns_.begin(), columns_.end());
        if (dual) bars.push_back({-1, static_cast<Index>(size_ - 1)});
        return bars;
    }

    std::vector<VoxelPair> close_loops() {
        for (const auto& [voxel, number] : saddles_) labels_[at(voxel)] = number;
        reduce_loops(volume_, labels_, edges_, columns_, threads_);
        std::vector<VoxelPair> bars;
        bars.reserve(columns_.size());
        for (std::size_t k = 0; k < saddles_.size(); ++k) {
            const Index stop = k + 1 < saddles_.size() ? saddles_[k + 1].second : static_cast<Index>(edges_.size());
            for (Index edge = saddles_[k].second; edge < stop; ++edge) {
                const Index column = edges_[at(edge)].column;
                if (column >= 0) bars.push_back({volume_.rank[at(saddles_[k].first)], columns_[at(column)].rank});
            }
        }
        return bars;
    }

    void store(const std::vector<VoxelPair>& bars, int dim, Pairs& pairs) {
        const std::size_t before = pairs.size();
        pairs.reserve(before + bars.size());
        for (auto [birth, death] : bars) {
            if (dual) std::swap(birth, death);
            const std::int64_t born = flat(volume_.order[at(birth)]);
            const std::int64_t dies = death == last || death == -1 ? never : flat(volume_.order[at(death)]);
            if (dies == never || order_key(values_[born]) != order_key(values_[dies]))
                pairs.push_back({dim, born, dies});
        }
        std::sort(pairs.begin() + static_cast<std::ptrdiff_t>(before), pairs.end(), [](const Pair& a, const Pair& b) {
            return a.birth != b.birth ? a.birth < b.birth : a.death < b.death;
        });
    }

    std::int64_t depth_, height_, width_, size_, row_, slice_;
    int threads_;
    const Real* values_ = nullptr;
    RankedVolume volume_;
    LowerLinks lower_links_;
    std::vector<Index> labels_;
    std::vector<Extremum> extrema_;
    std::vector<Link> links_;
    std::vector<std::pair<Index, Index>> saddles_;  // voxels with critical edges, and the number of the first
    std::vector<CriticalEdge> edges_;
    std::vector<ColumnSquare> columns_;
};

}  // namespace topolens
