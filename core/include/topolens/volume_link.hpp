// What a voxel does to the topology when it enters a volume after some of its 26 neighbours.
//
// The cells that enter with a voxel are the edges, squares and cubes that it spans with earlier voxels alone. Seen
// from the voxel, they are the vertices, edges and triangles of a subcomplex of an octahedron, its lower link. Each
// component of the link but the first leaves a critical edge, each gap in it but one a critical square; all other
// cells cancel in pairs. Which cells pair is read off spanning trees: edges with squares along trees of the link,
// squares with cubes along trees that grow from the gaps.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace topolens {

// ---- names: bit k of a set of cells = edge k, square k - 6, cube k - 18

inline constexpr int link_edges = 6, link_squares = 12, link_cubes = 8, link_cells = 26;
using LinkCells = std::uint32_t;

// Step to the corner of a cell opposite to the voxel. Edge 2 a + s runs along axis a, up if s; edge k ^ 1 runs back.
inline constexpr auto link_step = [] {
    std::array<std::array<int, 3>, link_cells> step{};
    for (std::size_t k = 0; k < 6; ++k) step[k][k / 2] = k % 2 ? 1 : -1;
    for (std::size_t k = 0; k < 12; ++k) {
        step[6 + k][k < 8 ? 0 : 1] = k / 2 % 2 ? 1 : -1;
        step[6 + k][k < 4 ? 1 : 2] = k % 2 ? 1 : -1;
    }
    for (std::size_t k = 0; k < 8; ++k) step[18 + k] = {k / 4 ? 1 : -1, k / 2 % 2 ? 1 : -1, k % 2 ? 1 : -1};
    return step;
}();

// The two edges of each square.
inline constexpr auto square_edges = [] {
    std::array<std::array<std::uint8_t, 2>, link_squares> edges{};
    for (unsigned k = 0; k < 12; ++k) {
        edges[k][0] = static_cast<std::uint8_t>((k < 8 ? 0 : 2) + k / 2 % 2);
        edges[k][1] = static_cast<std::uint8_t>((k < 4 ? 2 : 4) + k % 2);
    }
    return edges;
}();

// The two cubes at each square.
inline constexpr auto square_cubes = [] {
    std::array<std::array<std::uint8_t, 2>, link_squares> cubes{};
    for (std::size_t k = 0; k < 12; ++k) {
        int found = 0;
        for (std::size_t cube = 0; cube < 8; ++cube) {
            bool touches = true;
            for (std::size_t a = 0; a < 3; ++a)
                touches = touches && (link_step[6 + k][a] == 0 || link_step[6 + k][a] == link_step[18 + cube][a]);
            if (touches) cubes[k][static_cast<std::size_t>(found++)] = static_cast<std::uint8_t>(cube);
        }
    }
    return cubes;
}();

// ---- edges against squares

struct LowerLink {
    std::uint8_t parts = 0;                         // components
    std::array<std::uint8_t, link_edges> first{};   // per component: the edge that its trees grow from
    std::array<std::uint8_t, link_edges> part{};    // per edge: its component
    std::array<std::uint16_t, link_edges> path{};   // per edge: squares of the tree that lead to `first`
    std::uint16_t tree = 0;                         // squares that pair with edges
};

inline LowerLink find_lower_link(LinkCells cells) {
    LowerLink link;
    unsigned left = cells & 63U;
    const unsigned squares = cells >> 6 & 4095U;
    while (left != 0) {
        std::array<std::uint8_t, link_edges> queue{static_cast<std::uint8_t>(std::countr_zero(left))};
        left &= left - 1;
        link.first[link.parts] = queue[0];
        for (std::size_t head = 0, tail = 1; head < tail; ++head) {
            const std::size_t edge = queue[head];
            link.part[edge] = link.parts;
            for (std::size_t k = 0; k < link_squares; ++k) {
                if ((squares >> k & 1U) == 0) continue;
                const auto [a, b] = square_edges[k];
                if (a != edge && b != edge) continue;
                const std::uint8_t next = a == edge ? b : a;
                if ((left >> next & 1U) == 0) continue;
                left ^= 1U << next;
                link.path[next] = static_cast<std::uint16_t>(link.path[edge] | 1U << k);
                link.tree |= static_cast<std::uint16_t>(1U << k);
                queue[tail++] = next;
            }
        }
        ++link.parts;
    }
    return link;
}

// Lower links by their edges and squares; some 8,000 can occur, few do.
class LowerLinks {
public:
    LowerLinks() : number_(std::size_t{1} << 18, 0), links_(1) {}

    // Valid until the next call.
    const LowerLink& operator[](LinkCells cells) {
        std::uint16_t& number = number_[cells & 0x3ffffU];
        if (number == 0) {
            number = static_cast<std::uint16_t>(links_.size());
            links_.push_back(find_lower_link(cells));
        }
        return links_[number];
    }

private:
    std::vector<std::uint16_t> number_;
    std::vector<LowerLink> links_;
};

// Loops of a link that has `parts` components and is not the wgap octahedron.
inline int count_loops(LinkCells cells, int parts) {
    return parts - std::popcount(cells & 63U) + std::popcount(cells >> 6 & 4095U) - std::popcount(cells >> 18);
}

// ---- squares against cubes

struct CriticalSquare {
    std::uint8_t square;
    std::array<std::uint8_t, 2> gap;  // what lies on its two sides, as a later neighbour of the voxel
};

struct UpperLink {
    int count = 0;
    std::array<CriticalSquare, 7> squares{};
};

// Critical squares of a link that is not the wgap octahedron; `tree` are the squares that pair with edges.
inline UpperLink find_upper_link(LinkCells cells, unsigned tree) {
    const unsigned squares = cells >> 6 & 4095U, cubes = cells >> 18;
    constexpr std::uint8_t unknown = 255;
    std::array<std::uint8_t, link_cubes> gap;  // per cube: the gap that its tree grows from
    for (std::uint8_t k = 0; k < link_cubes; ++k) gap[k] = cubes >> k & 1U ? unknown : k;
    for (std::size_t k = 0; k < link_squares; ++k) {
        if (squares >> k & 1U) continue;
        const std::uint8_t from = gap[square_cubes[k][0]], to = gap[square_cubes[k][1]];
        for (std::uint8_t& h : gap)
            if (h == from) h = to;
    }
    unsigned open = squares & ~tree;
    for (bool grows = true; grows;) {
        grows = false;
        for (unsigned rest = open; rest != 0; rest &= rest - 1) {
            const auto k = static_cast<std::size_t>(std::countr_zero(rest));
            std::uint8_t &a = gap[square_cubes[k][0]], &b = gap[square_cubes[k][1]];
            if ((a == unknown) == (b == unknown)) continue;
            (a == unknown ? a : b) = a == unknown ? b : a;
            open ^= 1U << k;
            grows = true;
        }
    }
    // A missing cube has a missing face whose own faces are all there: its far corner is a later voxel.
    const auto later = [&](std::uint8_t cube) {
        for (std::uint8_t k = 0; k < 18; ++k) {
            bool touches = (cells >> k & 1U) == 0;
            for (std::size_t a = 0; a < 3; ++a)
                touches = touches && (link_step[k][a] == 0 || link_step[k][a] == link_step[18U + cube][a]);
            if (touches) return k;
        }
        return static_cast<std::uint8_t>(18 + cube);
    };
    UpperLink link;
    for (; open != 0; open &= open - 1) {
        const auto k = static_cast<std::uint8_t>(std::countr_zero(open));
        link.squares[static_cast<std::size_t>(link.count++)] = {
            k, {later(gap[square_cubes[k][0]]), later(gap[square_cubes[k][1]])}};
    }
    return link;
}

}  // namespace topolens
