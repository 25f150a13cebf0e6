// The cells of a box of voxels, and the total order in which they enter.
//
// V: voxels are vertices, and a cell enters with its last vertex. T: voxels are cubes, and a cell enters with the first
// of the cubes around it. Either way the complex is a grid of vertices with all edges, squares and cubes between them.
// Cells of one dimension that enter with one voxel follow each other in C order of their centres.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "pixel_arcs.hpp"

namespace topolens {

// Cell number = direction * vertices + least vertex. The direction of an edge is its axis, of a square its normal.
class BoxGrid {
public:
    using Cell = std::int32_t;

    // Requires 3 (depth + 1) (height + 1) (width + 1) < 2^31, and no side to be 0.
    BoxGrid(std::int64_t depth, std::int64_t height, std::int64_t width, Construction kind)
        : kind_(kind), row_(static_cast<Cell>(width + 2)), slice_(static_cast<Cell>((height + 2) * (width + 2))),
          sides_{static_cast<Cell>(depth), static_cast<Cell>(height), static_cast<Cell>(width)} {
        if (kind == Construction::top_cells)
            for (Cell& side : sides_) ++side;
        steps_ = {sides_[1] * sides_[2], sides_[2], 1};
        count_ = sides_[0] * steps_[0];
        for (unsigned axes = 0; axes < 8; ++axes) around_[axes] = voxels_around(axes);
    }

    Construction kind() const { return kind_; }
    Cell vertices() const { return count_; }
    Cell step(std::size_t axis) const { return steps_[axis]; }
    static std::int64_t directions(int dim) { return dim % 3 == 0 ? 1 : 3; }

    std::size_t direction(Cell cell) const { return std::size_t{cell >= count_} + std::size_t{cell >= 2 * count_}; }
    Cell vertex(Cell cell) const { return cell - static_cast<Cell>(direction(cell)) * count_; }

    std::array<Cell, 2> ends(Cell edge) const { return {vertex(edge), vertex(edge) + step(direction(edge))}; }

    std::array<Cell, 4> sides(Cell square) const {
        const std::size_t normal = direction(square), a = normal == 0 ? 1 : 0, b = normal == 2 ? 1 : 2;
        const Cell first = static_cast<Cell>(a) * count_ + vertex(square);
        const Cell second = static_cast<Cell>(b) * count_ + vertex(square);
        return {first, first + step(b), second, second + step(a)};
    }

    // Cells that lie in one block of the box have one number, blocks come in C order.
    std::size_t block(Cell cell) const {
        const auto [z, y, x] = corner(cell);
        return static_cast<std::size_t>((z / block_side * blocks(1) + y / block_side) * blocks(2) + x / block_side);
    }

    std::size_t blocks() const { return static_cast<std::size_t>(blocks(0) * blocks(1) * blocks(2)); }

    // visit(first cell, entries) for the cells of each row along the last axis, in C order of their centres. An entry is
    // the rank of the voxel that a cell enters with; `ranks` are those of the framed volume.
    template <class Visit>
    void for_each_row(const std::vector<std::int32_t>& ranks, int dim, Visit&& visit) const {
        std::vector<std::int32_t> entries;
        for (Cell z = 0; z < 2 * sides_[0] - 1; ++z)
            for (Cell y = 0; y < 2 * sides_[1] - 1; ++y) {
                const int rest = dim - z % 2 - y % 2;
                if (rest < 0 || rest > 1) continue;
                const unsigned axes = static_cast<unsigned>(z % 2 | y % 2 << 1 | rest << 2);
                entries.resize(static_cast<std::size_t>(sides_[2] - rest));
                enter_row(ranks.data() + framed(z / 2, y / 2, 0), axes, entries);
                visit(direction_along(axes, dim) * count_ + z / 2 * steps_[0] + y / 2 * steps_[1], entries);
            }
    }

private:
    static constexpr Cell block_side = 32;

    Cell blocks(std::size_t axis) const { return (sides_[axis] + block_side - 1) / block_side; }

    std::array<Cell, 3> corner(Cell cell) const {
        const Cell least = vertex(cell);
        return {least / steps_[0], least % steps_[0] / steps_[1], least % steps_[1]};
    }

    static Cell direction_along(unsigned axes, int dim) {
        return dim == 1 ? std::countr_zero(axes) : dim == 2 ? std::countr_zero(7U ^ axes) : 0;
    }

    Cell framed(Cell z, Cell y, Cell x) const { return (z + 1) * slice_ + (y + 1) * row_ + x + 1; }

    std::int32_t pick(std::int32_t a, std::int32_t b) const {
        return kind_ == Construction::vertices ? std::max(a, b) : std::min(a, b);
    }

    // Steps from the least vertex of a cell that runs along some axes to its vertices (V) or the cubes around it (T).
    std::vector<Cell> voxels_around(unsigned axes) const {
        const std::array<Cell, 3> far{slice_, row_, 1};
        std::vector<Cell> found{0};
        for (unsigned axis = 0; axis < 3; ++axis) {
            const bool along = (axes >> axis & 1U) != 0, is_vertex = kind_ == Construction::vertices;
            if (along != is_vertex) continue;
            const std::size_t count = found.size();
            for (std::size_t k = 0; k < count; ++k) found.push_back(found[k] + (is_vertex ? far[axis] : -far[axis]));
        }
        return found;
    }

    void enter_row(const std::int32_t* ranks, unsigned axes, std::vector<std::int32_t>& entries) const {
        const auto last = kind_ == Construction::vertices;
        std::fill(entries.begin(), entries.end(), last ? -1 : std::numeric_limits<std::int32_t>::max());
        for (const Cell other : around_[axes]) {
            const std::int32_t* from = ranks + other;
            if (last)
                for (std::size_t x = 0; x < entries.size(); ++x) entries[x] = std::max(entries[x], from[x]);
            else
                for (std::size_t x = 0; x < entries.size(); ++x) entries[x] = std::min(entries[x], from[x]);
        }
    }

    Construction kind_;
    Cell row_, slice_, count_;
    std::array<Cell, 3> sides_, steps_{};
    std::array<std::vector<Cell>, 8> around_;
};

// All cells of one dimension in the order in which they enter.
struct CellOrder {
    std::vector<std::int32_t> cells;
    std::vector<std::int32_t> rank;   // per cell number; -1 where the box has no such cell
    std::vector<std::int32_t> entry;  // per cell number: rank of the voxel that the cell enters with
};

}  // namespace topolens
