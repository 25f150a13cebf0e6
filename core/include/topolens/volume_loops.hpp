// Dimension 1 of volumes: critical squares are reduced to the critical edge that each of them makes bound.
//
// A column is a set of edges, kept as the rank of the voxel that they enter with and their directions as bits, latest
// voxel first. At each voxel the tree of its lower link carries the edges to the first edges of its components,
// at the price of the squares on the way, whose far sides lie at earlier voxels. What is left are critical edges:
// those that joined components (dimension 0) bound nothing and fall away, the latest of the others is the pivot.
// So only the part of a surface above its pivot is ever visited.
//
// Columns come tile by tile, so that what one of them touches is near what the one before it touched. A column that
// meets a pivot taken by a later one takes it over, and the later one goes on from there: the pairs are the same in
// whatever order columns come. Threads share out layers of tiles; a column that leaves its thread's layers waits
// until all are done.
//
// Why any order of the cells of one voxel will do: bars between different voxels depend on the subcomplexes at
// whole voxels only. The order used here is: edges in order of the trees, the first ones of all components before,
// then squares of trees, critical squares, squares that pair with cubes. In it every paired edge is the latest of
// its square, so paired squares are reduced as they stand, and this is the textbook reduction without them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <vector>

#include "ranked_sets.hpp"
#include "threads.hpp"
#include "volume_link.hpp"

namespace topolens {

// Voxels of one volume inside a frame one voxel wide; `rank` of the frame is the least or the largest of all.
struct RankedVolume {
    std::int64_t depth, height, width;  // without the frame
    std::vector<std::int32_t> rank;     // per voxel of the framed volume
    std::vector<std::int32_t> order;    // voxel of each rank
    std::vector<LinkCells> cells;       // per voxel: the cells it enters with; nothing in the frame
    std::array<std::int32_t, link_cells> step{};
};

// A critical square that closes no void: a column of the reduction.
struct ColumnSquare {
    std::int32_t rank;
    std::uint8_t square;
};

inline constexpr int max_loop_threads = 255;

struct CriticalEdge {
    static constexpr std::int32_t unowned = -1, joins = -2;  // opens a loop that no column has yet; opens none
    std::int32_t column = unowned;  // the column whose pivot it is
    std::uint8_t parts = 0;         // critical edges of its voxel in that column
    std::uint8_t lane = 0;          // and where the rest of the column is stored
    std::uint64_t start = 0;
};

// What one thread needs to reduce columns.
class LoopLane {
public:
    struct Parked {
        std::int32_t column;
        std::uint64_t start;
    };

    // Critical edge j = 1, 2, ... of voxel p is edges[first_edge[p] + j - 1]. Reads stored columns of all lanes.
    LoopLane(const RankedVolume& volume, const std::vector<std::int32_t>& first_edge, std::vector<CriticalEdge>& edges,
             const std::vector<LoopLane>& lanes, std::uint8_t number)
        : volume_(volume), first_edge_(first_edge), edges_(edges), lanes_(lanes), number_(number) {
        column_.reset(static_cast<std::int64_t>(volume.order.size()));
    }

    // Only pivots at voxels in [begin, end) may be taken; columns that want others are parked.
    void restrict_to(std::int64_t begin, std::int64_t end) {
        begin_ = begin;
        end_ = end;
    }

    void reduce(const ColumnSquare& square, std::int32_t column) {
        const auto [a, b] = square_edges[square.square];
        column_.toggle(square.rank, 1U << a | 1U << b);
        add_far_sides(volume_.order[at(square.rank)], square.square);
        find_pivot(column);
    }

    void resume(const Parked& parked, const LoopLane& from) {
        add_stored(from.stored_, parked.start);
        find_pivot(parked.column);
    }

    const std::vector<Parked>& parked() const { return parked_; }

private:
    static std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

    // The two edges of a square that do not touch the voxel it enters with.
    void add_far_sides(std::int32_t voxel, std::size_t square) {
        const std::array<std::uint8_t, 2> edges = square_edges[square];
        const std::int32_t far = voxel + volume_.step[6 + square];
        const std::int32_t far_rank = volume_.rank[at(far)];
        for (std::size_t side = 0; side < 2; ++side) {
            const std::uint8_t along = edges[1 - side];
            const std::int32_t near_rank = volume_.rank[at(voxel + volume_.step[edges[side]])];
            if (near_rank > far_rank)
                column_.toggle(near_rank, 1U << along);
            else if (far_rank >= 0)  // else both ends lie in the frame
                column_.toggle(far_rank, 1U << (along ^ 1U));
        }
    }

    // Reduces the column until its latest edge is critical and its own to take.
    void find_pivot(std::int32_t column) {
        for (auto top = column_.pop(); top.rank >= 0; top = column_.pop()) {
            const std::int32_t voxel = volume_.order[at(top.rank)];
            if (voxel < begin_ || voxel >= end_) {
                column_.toggle(top.rank, top.set);
                parked_.push_back({column, stored_.size()});
                return store();
            }
            unsigned odd = to_first_edges(voxel, top.set, links_[volume_.cells[at(voxel)]]);
            while (odd != 0) {
                const int part = std::bit_width(odd) - 1;
                CriticalEdge& edge = edges_[at(first_edge_[at(voxel)] + part - 1)];
                if (edge.column == CriticalEdge::joins) {
                    odd ^= 1U << part;
                    continue;
                }
                const CriticalEdge before = edge;
                const bool is_free = before.column == CriticalEdge::unowned;
                if (is_free || before.column > column) {
                    edge = {column, static_cast<std::uint8_t>(odd), number_, stored_.size()};
                    store();
                    if (is_free) return;
                    add_stored(stored_, edge.start);
                    column = before.column;
                }
                add_stored(lanes_[before.lane].stored_, before.start);
                odd ^= before.parts;
            }
        }
    }

    // Moves edges of one voxel along the trees of its link; bit j is left where component j holds an odd number.
    unsigned to_first_edges(std::int32_t voxel, unsigned edges, const LowerLink& link) {
        unsigned squares = 0, odd = 0;
        for (; edges != 0; edges &= edges - 1) {
            const auto edge = static_cast<std::size_t>(std::countr_zero(edges));
            squares ^= link.path[edge];
            odd ^= 1U << link.part[edge];
        }
        for (; squares != 0; squares &= squares - 1)
            add_far_sides(voxel, static_cast<std::size_t>(std::countr_zero(squares)));
        return odd & ~1U;  // the first edge of component 0 pairs with the voxel
    }

    // Moves the column away; an entry without rank ends it.
    void store() {
        for (auto entry = column_.pop(); entry.rank >= 0; entry = column_.pop()) stored_.push_back(entry);
        stored_.push_back({-1, 0});
    }

    void add_stored(const std::vector<RankedSets::Entry>& stored, std::uint64_t start) {
        for (std::size_t k = start; stored[k].rank >= 0; ++k) column_.toggle(stored[k].rank, stored[k].set);
    }

    const RankedVolume& volume_;
    const std::vector<std::int32_t>& first_edge_;
    std::vector<CriticalEdge>& edges_;
    const std::vector<LoopLane>& lanes_;
    std::uint8_t number_;
    std::int64_t begin_ = 0, end_ = 0;
    LowerLinks links_;
    RankedSets column_;
    std::vector<RankedSets::Entry> stored_;
    std::vector<Parked> parked_;
};

// Tiles of a volume, numbered layer by layer.
class Tiles {
public:
    Tiles(const RankedVolume& volume, std::int64_t least_layers)
        : volume_(volume), layers_(std::max((volume.depth + side - 1) / side, least_layers)),
          rows_((volume.height + side - 1) / side), columns_((volume.width + side - 1) / side) {}

    std::int64_t layers() const { return layers_; }
    std::int64_t count() const { return layers_ * rows_ * columns_; }
    std::int64_t of_layer(std::int64_t layer) const { return layer * rows_ * columns_; }

    std::int64_t of_voxel(std::int64_t voxel) const {
        const std::int64_t z = voxel / slice() - 1, y = voxel % slice() / row() - 1, x = voxel % row() - 1;
        return (z * layers_ / volume_.depth * rows_ + y / side) * columns_ + x / side;
    }

    // The first voxel of a layer, frame included.
    std::int64_t layer_start(std::int64_t layer) const {
        return ((layer * volume_.depth + layers_ - 1) / layers_ + 1) * slice();
    }

private:
    static constexpr std::int64_t side = 32;
    std::int64_t row() const { return volume_.width + 2; }
    std::int64_t slice() const { return (volume_.height + 2) * row(); }

    const RankedVolume& volume_;
    std::int64_t layers_, rows_, columns_;
};

// Gives every critical edge that opens a loop the column that closes it; columns must rise. At most
// max_loop_threads threads.
inline void reduce_loops(const RankedVolume& volume, const std::vector<std::int32_t>& first_edge,
                         std::vector<CriticalEdge>& edges, const std::vector<ColumnSquare>& columns, int threads) {
    const Tiles tiles(volume, threads);
    std::vector<std::int32_t> start(static_cast<std::size_t>(tiles.count()) + 1), turn(columns.size());
    const auto tile = [&](const ColumnSquare& column) {
        return static_cast<std::size_t>(tiles.of_voxel(volume.order[static_cast<std::size_t>(column.rank)]));
    };
    for (const ColumnSquare& column : columns) ++start[tile(column) + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    const std::vector<std::int32_t> bounds = start;
    for (std::size_t k = 0; k < columns.size(); ++k)
        turn[static_cast<std::size_t>(start[tile(columns[k])]++)] = static_cast<std::int32_t>(k);

    std::vector<LoopLane> lanes;
    lanes.reserve(static_cast<std::size_t>(threads));
    for (int t = 0; t < threads; ++t)
        lanes.emplace_back(volume, first_edge, edges, lanes, static_cast<std::uint8_t>(t));
    parallel_chunks(threads, threads, [&](std::int64_t begin, std::int64_t) {
        const std::int64_t first = tiles.layers() * begin / threads, last = tiles.layers() * (begin + 1) / threads;
        LoopLane& lane = lanes[static_cast<std::size_t>(begin)];
        lane.restrict_to(tiles.layer_start(first), tiles.layer_start(last));
        const auto from = bounds[static_cast<std::size_t>(tiles.of_layer(first))];
        const auto to = bounds[static_cast<std::size_t>(tiles.of_layer(last))];
        for (std::int32_t k = from; k < to; ++k) {
            const std::int32_t column = turn[static_cast<std::size_t>(k)];
            lane.reduce(columns[static_cast<std::size_t>(column)], column);
        }
    });
    lanes[0].restrict_to(0, static_cast<std::int64_t>(volume.rank.size()));
    for (const LoopLane& lane : lanes)
        for (const LoopLane::Parked& parked : lane.parked()) lanes[0].resume(parked, lane);
}

}  // namespace topolens
