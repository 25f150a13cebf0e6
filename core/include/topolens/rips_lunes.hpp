// Where loops of a flag complex can begin and end, edge by edge.
//
// The lune of an edge holds the vertices joined to both its ends by earlier edges. An edge enters together
// with the triangles over its lune, so up to homotopy it glues in a suspension of the complex on the lune:
// an empty lune joins two components or opens a loop, one of c components closes at most c - 1 loops.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "edge_order.hpp"
#include "simd.hpp"
#include "simplex_index.hpp"
#include "threads.hpp"

namespace topolens {

// The lune of `edge` has vertices `first` and `other` in different components; one for each further component.
struct SplitLune {
    Rank edge;
    Vertex first, other;
};

struct Lunes {
    std::vector<Rank> empty;  // rising: the edges of the relative neighbourhood graph
    std::vector<SplitLune> split;  // rising by edge
};

// One after the other; at least one.
inline Lunes join(std::vector<Lunes> parts) {
    Lunes all = std::move(parts[0]);
    for (std::size_t part = 1; part < parts.size(); ++part) {
        all.empty.insert(all.empty.end(), parts[part].empty.begin(), parts[part].empty.end());
        all.split.insert(all.split.end(), parts[part].split.begin(), parts[part].split.end());
    }
    return all;
}

namespace detail {

using Word = std::uint64_t;

// Bit rows of the edges that have entered so far, and a scan that lets them enter one by one.
class LuneScan {
public:
    LuneScan(std::int64_t n, const std::vector<Edge>& edges)
        : words_((n + 63) / 64), edges_(edges), joined_(static_cast<std::size_t>(n * words_)), rest_(width()),
          main_(width()), group_(width()), queue_(width()) {}

    void enter(Edge edge) {
        row(edge.i)[edge.j / 64] |= Word{1} << (edge.j % 64);
        row(edge.j)[edge.i / 64] |= Word{1} << (edge.i % 64);
    }

    inline void examine(Rank rank, Lunes& found) {
        const Edge edge = edges_[static_cast<std::size_t>(rank)];
        const Word* a = row(edge.i);
        const Word* b = row(edge.j);
        Word any = 0;
        for (std::int64_t w = 0; w < words_; ++w) any |= rest_[w] = a[w] & b[w];
        if (any == 0)
            found.empty.push_back(rank);
        else
            split(rank, found);
        enter(edge);
    }

private:
    std::size_t width() const { return static_cast<std::size_t>(words_); }
    Word* row(std::int64_t vertex) { return joined_.data() + vertex * words_; }

    // Components of the lune in rest_, by eating it up: first a vertex and all it is joined to, then each
    // vertex left over, which mostly is joined to the bulk at once.
    inline void split(Rank rank, Lunes& found) {
        const Vertex first = lowest(rest_, 0);
        const Word* near = row(first);
        for (std::int64_t w = 0; w < words_; ++w) {
            main_[w] = rest_[w] & near[w];
            rest_[w] &= ~near[w];
        }
        move(first, rest_, main_);
        for (Vertex seed = lowest(rest_, 0); seed >= 0; seed = lowest(rest_, seed))
            if (!grow(seed)) found.split.push_back({rank, first, seed});
    }

    // Grows the component of `seed` inside rest_ until it meets main_ (true) or is complete (false).
    inline bool grow(Vertex seed) {
        std::fill(group_.begin(), group_.end(), 0);
        std::fill(queue_.begin(), queue_.end(), 0);
        move(seed, rest_, group_);
        for (Vertex next = seed; next >= 0; next = lowest(queue_, 0)) {
            queue_[static_cast<std::size_t>(next / 64)] &= ~(Word{1} << (next % 64));
            const Word* near = row(next);
            Word met = 0;
            for (std::int64_t w = 0; w < words_; ++w) {
                met |= near[w] & main_[w];
                const Word fresh = near[w] & rest_[w];
                rest_[w] ^= fresh;
                group_[w] |= fresh;
                queue_[w] |= fresh;
            }
            if (met == 0) continue;
            for (std::int64_t w = 0; w < words_; ++w) main_[w] |= group_[w];
            return true;
        }
        return false;
    }

    static void move(Vertex v, std::vector<Word>& from, std::vector<Word>& to) {
        const Word bit = Word{1} << (v % 64);
        from[static_cast<std::size_t>(v / 64)] &= ~bit;
        to[static_cast<std::size_t>(v / 64)] |= bit;
    }

    // Lowest vertex in the word of `start` or after it, or -1.
    inline Vertex lowest(const std::vector<Word>& bits, Vertex start) const {
        for (std::int64_t w = start / 64; w < words_; ++w)
            if (bits[static_cast<std::size_t>(w)] != 0)
                return static_cast<Vertex>(64 * w + std::countr_zero(bits[static_cast<std::size_t>(w)]));
        return -1;
    }

    std::int64_t words_;
    const std::vector<Edge>& edges_;
    std::vector<Word> joined_;
    std::vector<Word> rest_, main_, group_, queue_;
};

TOPOLENS_VECTORISED inline void scan_lunes(LuneScan& scan, Rank begin, Rank end, Lunes& found) {
    for (Rank rank = begin; rank < end; ++rank) scan.examine(rank, found);
}

}  // namespace detail

// All lunes of the sorted edges; each thread takes a run of edges and lets the earlier ones enter unseen.
inline Lunes find_lunes(std::int64_t n, const std::vector<Edge>& edges, int threads) {
    const auto count = static_cast<std::int64_t>(edges.size());
    const std::int64_t runs = std::clamp<std::int64_t>(threads, 1, 1 + count / 4096);
    std::vector<Lunes> parts(static_cast<std::size_t>(runs));
    parallel_chunks(runs, threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t run = first; run < last; ++run) {
            const std::int64_t begin = count * run / runs, end = count * (run + 1) / runs;
            detail::LuneScan scan(n, edges);
            for (std::int64_t rank = 0; rank < begin; ++rank) scan.enter(edges[static_cast<std::size_t>(rank)]);
            detail::scan_lunes(scan, static_cast<Rank>(begin), static_cast<Rank>(end), parts[static_cast<std::size_t>(run)]);
        }
    });
    return join(std::move(parts));
}

}  // namespace topolens
