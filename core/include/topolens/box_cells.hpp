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
        for (unsigned axes = 0; axes < 8; ++axes) around_[axes] = voxels_around(axes);
    }

    Construction kind() const { return kind_; }
    Cell vertices() const { return sides_[0] * steps_[0]; }
    Cell step(std::size_t axis) const { return steps_[axis]; }
    static std::int64_t directions(int dim) { return dim % 3 == 0 ? 1 : 3; }

    std::array<Cell, 2> ends(Cell edge) const {
        const Cell vertex = edge % vertices();
        return {vertex, vertex + step(static_cast<std::size_t>(edge / vertices()))};
    }

    std::array<Cell, 4> sides(Cell square) const {
        const Cell count = vertices(), vertex = square % count, normal = square / count;
        const Cell a = normal == 0 ? 1 : 0, b = normal == 2 ? 1 : 2;
        return {a * count + vertex, a * count + vertex + step(static_cast<std::size_t>(b)), b * count + vertex,
                b * count + vertex + step(static_cast<std::size_t>(a))};
    }

    // The rank of the voxel that a cell enters with; `ranks` are those of the framed volume.
    std::int32_t entry(const std::vector<std::int32_t>& ranks, int dim, Cell cell) const {
        const auto direction = static_cast<unsigned>(cell / vertices());
        const unsigned axes = dim == 1 ? 1U << direction : dim == 2 ? 7U ^ 1U << direction : dim == 0 ? 0U : 7U;
        const Cell vertex = cell % vertices();
        const Cell voxel = framed(vertex / steps_[0], vertex % steps_[0] / steps_[1], vertex % steps_[1]);
        std::int32_t found = ranks[static_cast<std::size_t>(voxel + around_[axes][0])];
        for (const Cell other : around_[axes])
            found = pick(found, ranks[static_cast<std::size_t>(voxel + other)]);
        return found;
    }

    // visit(first cell, entries) for the cells of each row along the last axis, in C order of their centres.
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
                visit(direction(axes, dim) * vertices() + z / 2 * steps_[0] + y / 2 * steps_[1], entries);
            }
    }

private:
    static Cell direction(unsigned axes, int dim) {
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
    Cell row_, slice_;
    std::array<Cell, 3> sides_, steps_{};
    std::array<std::vector<Cell>, 8> around_;
};

// All cells of one dimension in the order in which they enter.
struct CellOrder {
    std::vector<std::int32_t> cells;
    std::vector<std::int32_t> rank;  // per cell number; -1 where the box has no such cell
};

}  // namespace topolens
