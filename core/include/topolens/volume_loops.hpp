// Dimension 1 of volumes: critical squares are reduced to the critical edge that each of them makes bound.
//
// A column is a set of edges, kept as a heap of (rank of the voxel that they enter with, their directions as bits),
// latest voxel first. At each voxel the tree of its lower link carries the edges to the first edges of its components,
// at the price of the squares on the way, whose far sides lie at earlier voxels. What is left are critical edges:
// those that joined components (dimension 0) bound nothing and fall away, the latest of the others is the pivot.
// So only the part of a surface above its pivot is ever visited.
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
#include <vector>

#include "volume_link.hpp"

namespace topolens {

// Voxels of one volume inside a frame one voxel wide; `rank` of the frame is the least or the largest of all.
struct RankedVolume {
    std::vector<std::int32_t> rank;    // per voxel of the framed volume
    std::vector<std::int32_t> order;   // voxel of each rank
    std::vector<LinkCells> cells;      // per voxel: the cells it enters with; nothing in the frame
    std::array<std::int32_t, link_cells> step{};
};

struct VoxelPair {
    std::int32_t birth, death;  // ranks
};

struct CriticalColumn {
    std::int32_t rank;
    std::uint8_t square;
};

class LoopReduction {
public:
    static constexpr std::int32_t unowned = -1, joins = -2;

    // Critical edge j = 1, 2, ... of voxel p has the number first_edge[p] + j - 1; `owner` holds `unowned` for those
    // that open loops and `joins` for the others. Columns must rise.
    std::vector<VoxelPair> reduce(const RankedVolume& volume, LowerLinks& links,
                                  const std::vector<std::int32_t>& first_edge, std::vector<std::int32_t>& owner,
                                  const std::vector<CriticalColumn>& columns) {
        volume_ = &volume;
        stored_.clear();
        starts_.assign(1, 0);
        parts_.clear();
        std::vector<VoxelPair> pairs;
        pairs.reserve(columns.size());
        for (const CriticalColumn& column : columns) {
            heap_.clear();
            const std::int32_t voxel = volume.order[static_cast<std::size_t>(column.rank)];
            const auto [a, b] = square_edges[column.square];
            push(column.rank, 1U << a | 1U << b);
            add_far_sides(voxel, column.square);
            const std::int32_t birth = find_pivot(links, first_edge, owner);
            if (birth >= 0) pairs.push_back({birth, column.rank});
        }
        return pairs;
    }

private:
    static std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

    void push(std::int32_t rank, unsigned edges) {
        heap_.push_back(static_cast<std::uint64_t>(rank) << link_edges | edges);
        std::push_heap(heap_.begin(), heap_.end());
    }

    std::uint64_t pop() {
        const std::uint64_t top = heap_.front();
        std::pop_heap(heap_.begin(), heap_.end());
        heap_.pop_back();
        return top;
    }

    // The two edges of a square that do not touch the voxel it enters with.
    void add_far_sides(std::int32_t voxel, std::size_t square) {
        const std::array<std::uint8_t, 2> edges = square_edges[square];
        const std::int32_t far = voxel + volume_->step[6 + square];
        const std::int32_t far_rank = volume_->rank[at(far)];
        for (std::size_t side = 0; side < 2; ++side) {
            const std::uint8_t along = edges[1 - side];
            const std::int32_t near_rank = volume_->rank[at(voxel + volume_->step[edges[side]])];
            if (near_rank > far_rank)
                push(near_rank, 1U << along);
            else if (far_rank >= 0)  // else both ends lie in the frame
                push(far_rank, 1U << (along ^ 1U));
        }
    }

    // Reduces the heap until its latest edge is critical and nobody's pivot; the rank of the voxel there.
    std::int32_t find_pivot(LowerLinks& links, const std::vector<std::int32_t>& first_edge,
                            std::vector<std::int32_t>& owner) {
        constexpr std::uint64_t all = (1U << link_edges) - 1;
        while (!heap_.empty()) {
            const std::uint64_t top = pop();
            const auto rank = static_cast<std::int32_t>(top >> link_edges);
            auto edges = static_cast<unsigned>(top & all);
            while (!heap_.empty() && heap_.front() >> link_edges == top >> link_edges)
                edges ^= static_cast<unsigned>(pop() & all);
            if (edges == 0) continue;
            const std::int32_t voxel = volume_->order[at(rank)];
            unsigned odd = to_first_edges(voxel, edges, links[volume_->cells[at(voxel)]]);
            while (odd != 0) {
                const int part = std::bit_width(odd) - 1;
                std::int32_t& column = owner[at(first_edge[at(voxel)] + part - 1)];
                if (column == unowned) {
                    column = static_cast<std::int32_t>(parts_.size());
                    store(odd);
                    return rank;
                }
                odd ^= column == joins ? 1U << part : add_stored(column);
            }
        }
        return -1;
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

    void store(unsigned odd) {
        std::sort(heap_.begin(), heap_.end(), std::greater<>{});
        for (std::size_t k = 0; k < heap_.size();) {
            const std::uint64_t rank = heap_[k] >> link_edges;
            std::uint64_t edges = 0;
            for (; k < heap_.size() && heap_[k] >> link_edges == rank; ++k) edges ^= heap_[k];
            edges &= (1U << link_edges) - 1;
            if (edges != 0) stored_.push_back(rank << link_edges | edges);
        }
        starts_.push_back(stored_.size());
        parts_.push_back(static_cast<std::uint8_t>(odd));
    }

    unsigned add_stored(std::int32_t column) {
        for (std::size_t k = starts_[at(column)]; k < starts_[at(column) + 1]; ++k) {
            heap_.push_back(stored_[k]);
            std::push_heap(heap_.begin(), heap_.end());
        }
        return parts_[at(column)];
    }

    const RankedVolume* volume_ = nullptr;
    std::vector<std::uint64_t> heap_, stored_;
    std::vector<std::size_t> starts_;
    std::vector<std::uint8_t> parts_;  // per stored column: critical edges at its pivot's voxel
};

}  // namespace topolens
