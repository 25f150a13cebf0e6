// What the neighbours of a pixel that come earlier, as a mask of eight bits, say about it.
#pragma once

#include <array>
#include <cstdint>

namespace topolens {

// V: pixels are vertices, a cube comes with its latest pixel; sets of early pixels are 4-connected, sets of
// late ones 8-connected. T: pixels are squares, a cube comes with its earliest pixel; the other way round.
enum class Construction { vertices, top_cells };

// Neighbours are numbered clockwise from north; even numbers share a side, odd ones only a corner.
inline constexpr std::array<int, 8> row_step{-1, -1, 0, 1, 1, 1, 0, -1};
inline constexpr std::array<int, 8> column_step{0, 1, 1, 1, 0, -1, -1, -1};

// Neighbours in the row above and to the left: a pass over rows has seen them before.
constexpr bool is_behind(int neighbour) { return neighbour < 2 || neighbour > 5; }

// Connected arcs of a set of neighbours, each with one member.
struct Arcs {
    std::uint8_t count = 0;
    std::array<std::uint8_t, 4> member{};
};

// Members of the arcs that a set of neighbours (bit k = neighbour k) falls into. With `corners`, pixels that
// touch in a corner are connected, so two side neighbours always meet around the corner between them.
constexpr Arcs find_arcs(unsigned set, bool corners) {
    std::array<int, 8> root{};
    for (int k = 0; k < 8; ++k) root[k] = k;
    const auto has = [&](int k) { return (set >> (k & 7) & 1U) != 0 && (corners || (k & 1) == 0); };
    const auto join = [&](int a, int b) {
        const int from = root[b & 7], to = root[a & 7];
        for (int& r : root)
            if (r == from) r = to;
    };
    for (int k = 0; k < 8; k += 2) {
        const bool corner = (set >> (k + 1) & 1U) != 0;
        if (has(k) && has(k + 2) && (corners || corner)) join(k, k + 2);
        if (corners && corner && has(k)) join(k, k + 1);
        if (corners && corner && has(k + 2)) join(k + 2, k + 1);
    }
    Arcs arcs;
    std::array<bool, 8> named{};
    for (int k : {0, 6, 7, 1, 2, 4, 3, 5}) {  // what lies behind comes first: there the way is known
        if (!has(k) || named[root[k]]) continue;
        named[root[k]] = true;
        arcs.member[arcs.count++] = static_cast<std::uint8_t>(k);
    }
    return arcs;
}

using ArcTable = std::array<Arcs, 256>;

// With `inverted`, entry m describes the neighbours that are not in m.
constexpr ArcTable make_arcs(bool corners, bool inverted) {
    ArcTable table;
    for (unsigned m = 0; m < 256; ++m) table[m] = find_arcs(inverted ? 255 - m : m, corners);
    return table;
}

template <Construction kind>
inline constexpr ArcTable early_arcs = make_arcs(kind == Construction::top_cells, false);
template <Construction kind>
inline constexpr ArcTable late_arcs = make_arcs(kind == Construction::vertices, true);

// Of eight masks at once: bit k says whether pixel k is a saddle, one with two or more arcs (early or late: a
// ring is cut into as many).
template <Construction kind>
[[gnu::always_inline]] constexpr std::uint8_t saddle_bits(std::uint64_t masks) {
    constexpr std::uint64_t each = 0x0101010101010101;
    const std::uint64_t set = kind == Construction::vertices ? masks : ~masks;  // the side that is 4-connected
    const std::uint64_t next = (set >> 1 & 0x7f * each) | (set << 7 & 0x80 * each);
    const std::uint64_t previous = (set << 1 & 0xfe * each) | (set >> 7 & each);
    const std::uint64_t bridged = set & next & previous;
    const std::uint64_t ends = set & ~(bridged >> 1) & 0x55 * each;  // the last side neighbour of each arc
    const std::uint64_t more_than_one = ends & ((ends | 0x80 * each) - each);
    std::uint64_t bits = (more_than_one + 0x7f * each) >> 7 & each;
    bits |= bits >> 7, bits |= bits >> 14, bits |= bits >> 28;
    return static_cast<std::uint8_t>(bits);
}

template <Construction kind>
constexpr bool saddle_bits_agree() {
    for (unsigned m = 0; m < 256; ++m) {
        const bool is_saddle = early_arcs<kind>[m].count >= 2;
        if (is_saddle != (late_arcs<kind>[m].count >= 2)) return false;
        const std::uint64_t masks = std::uint64_t{m} << 24 | 0xff;
        if (saddle_bits<kind>(masks) != (saddle_bits<kind>(0xff) | is_saddle << 3)) return false;
    }
    return true;
}
static_assert(saddle_bits_agree<Construction::vertices>() && saddle_bits_agree<Construction::top_cells>());

}  // namespace topolens
