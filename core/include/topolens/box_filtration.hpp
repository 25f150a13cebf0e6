// A volume as a filtration of the cells of its box. What takes long is found when first asked for, and kept.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>
#include <vector>

#include "box_cells.hpp"
#include "box_merges.hpp"
#include "order_key.hpp"
#include "radix_sort.hpp"

namespace topolens {

// One volume after another, all of the same shape.
template <class Real>
class BoxFiltration {
    using Key = std::make_unsigned_t<OrderKey<Real>>;
    using Cell = BoxGrid::Cell;

public:
    // The grid must outlive the object.
    BoxFiltration(const BoxGrid& grid, std::int64_t depth, std::int64_t height, std::int64_t width)
        : grid_(grid), depth_(depth), height_(height), width_(width),
          ranks_(static_cast<std::size_t>((depth + 2) * (height + 2) * (width + 2)),
                 std::numeric_limits<std::int32_t>::max()) {}

    // Voxels of equal value keep their order.
    void read(const Real* volume) {
        constexpr int bits = 8 * static_cast<int>(sizeof(Key));
        orders_ = {};
        joins_.reset();
        voids_.reset();
        const std::int64_t size = depth_ * height_ * width_;
        std::vector<Voxel> voxels(static_cast<std::size_t>(size)), spare;
        for (std::int64_t v = 0; v < size; ++v)
            voxels[static_cast<std::size_t>(v)] = {
                static_cast<Key>(order_key(volume[v])) ^ Key{1} << (bits - 1), static_cast<std::int32_t>(v)};
        radix_sort(voxels, spare, bits, [](const Voxel& voxel) { return voxel.key; });
        voxels_.resize(voxels.size());
        values_.resize(voxels.size());
        for (std::size_t rank = 0; rank < voxels.size(); ++rank) {
            const std::int64_t v = voxels[rank].voxel, z = v / (height_ * width_), y = v / width_ % height_;
            voxels_[rank] = voxels[rank].voxel;
            values_[rank] = volume[v];
            ranks_[static_cast<std::size_t>(((z + 1) * (height_ + 2) + y + 1) * (width_ + 2) + v % width_ + 1)] =
                static_cast<std::int32_t>(rank);
        }
    }

    const CellOrder& cells(int dim) {
        std::optional<CellOrder>& order = orders_[static_cast<std::size_t>(dim)];
        if (!order) order = sorted(dim);
        return *order;
    }

    // Per edge: it joins two components, so it is the latest of no cycle.
    const std::vector<bool>& joins() {
        if (!joins_) {
            joins_.emplace(cells(1).rank.size(), false);
            pair_vertices(grid_, cells(0), cells(1),
                          [&](Cell, Cell edge) { (*joins_)[static_cast<std::size_t>(edge)] = true; });
        }
        return *joins_;
    }

    // Per square: it starts a void, so its boundary is that of earlier squares.
    const std::vector<bool>& voids() {
        if (!voids_) {
            voids_.emplace(cells(2).rank.size(), false);
            pair_cubes(grid_, cells(2), cells(3),
                       [&](Cell square, Cell) { (*voids_)[static_cast<std::size_t>(square)] = true; });
        }
        return *voids_;
    }

    // The voxel that a cell enters with, and its value.
    Cell voxel(int dim, Cell cell) { return voxels_[entry(dim, cell)]; }
    Real value(int dim, Cell cell) { return values_[entry(dim, cell)]; }
    Cell first_voxel() const { return voxels_[0]; }
    const BoxGrid& grid() const { return grid_; }

private:
    struct Voxel {
        Key key;
        Cell voxel;
    };

    std::size_t entry(int dim, Cell cell) {
        return static_cast<std::size_t>(cells(dim).entry[static_cast<std::size_t>(cell)]);
    }

    CellOrder sorted(int dim) const {
        CellOrder order;
        order.rank.assign(static_cast<std::size_t>(BoxGrid::directions(dim) * grid_.vertices()), -1);
        order.entry.resize(order.rank.size());
        std::vector<Cell> start(voxels_.size() + 1);
        grid_.for_each_row(ranks_, dim, [&](Cell cell, const std::vector<Cell>& entries) {
            std::copy(entries.begin(), entries.end(), order.entry.begin() + cell);
            for (const Cell entry : entries) ++start[static_cast<std::size_t>(entry) + 1];
        });
        std::partial_sum(start.begin(), start.end(), start.begin());
        order.cells.resize(static_cast<std::size_t>(start.back()));
        grid_.for_each_row(ranks_, dim, [&](Cell cell, const std::vector<Cell>& entries) {
            for (const Cell entry : entries) {
                const Cell rank = start[static_cast<std::size_t>(entry)]++;
                order.cells[static_cast<std::size_t>(rank)] = cell;
                order.rank[static_cast<std::size_t>(cell++)] = rank;
            }
        });
        return order;
    }

    const BoxGrid& grid_;
    std::int64_t depth_, height_, width_;
    std::vector<Cell> ranks_;   // per voxel of the framed volume
    std::vector<Cell> voxels_;  // per rank
    std::vector<Real> values_;  // per rank
    std::array<std::optional<CellOrder>, 4> orders_;
    std::optional<std::vector<bool>> joins_, voids_;
};

}  // namespace topolens
