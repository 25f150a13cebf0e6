// Dimensions 0 and 2 of a box: unions of components, each named in the order of another volume.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "box_cells.hpp"
#include "union_find.hpp"

namespace topolens {

// event(vertex, edge) for each pair of dimension 0.
template <class Event>
void pair_vertices(const BoxGrid& grid, const CellOrder& vertices, const CellOrder& edges, Event&& event) {
    UnionFind<std::int32_t> elders(grid.vertices());  // the root of a component is its name
    const auto rank = [&](std::int32_t vertex) { return vertices.rank[static_cast<std::size_t>(vertex)]; };
    for (const std::int32_t edge : edges.cells) {
        const auto [from, to] = grid.ends(edge);
        std::int32_t a = elders.find(from), b = elders.find(to);
        if (a == b) continue;
        if (rank(a) > rank(b)) std::swap(a, b);
        elders.attach(b, a);
        event(b, edge);
    }
}

// event(square, cube) for each pair of dimension 2.
template <class Event>
void pair_cubes(const BoxGrid& grid, const CellOrder& squares, const CellOrder& cubes, Event&& event) {
    // Node of a cube: its number plus one layer, so that all neighbours have one. Where there is no cube is outside.
    constexpr std::int32_t outside = 0;
    const std::int32_t layer = grid.step(0), count = grid.vertices();
    UnionFind<std::int32_t> lasts(layer + count);
    std::vector<std::int32_t> rank(static_cast<std::size_t>(layer + count), std::numeric_limits<std::int32_t>::max());
    for (std::int32_t node = 1; node < layer + count; ++node) {
        const std::int32_t own = node < layer ? -1 : cubes.rank[static_cast<std::size_t>(node - layer)];
        if (own < 0)
            lasts.attach(node, outside);
        else
            rank[static_cast<std::size_t>(node)] = own;
    }
    for (auto square = squares.cells.rbegin(); square != squares.cells.rend(); ++square) {
        const std::int32_t above = layer + grid.vertex(*square);
        const std::int32_t below = above - grid.step(grid.direction(*square));
        std::int32_t a = lasts.find(above), b = lasts.find(below);
        if (a == b) continue;
        if (rank[static_cast<std::size_t>(a)] < rank[static_cast<std::size_t>(b)]) std::swap(a, b);
        lasts.attach(b, a);
        event(*square, b - layer);
    }
}

}  // namespace topolens
