// Loops of the lunes of a flag complex: what an edge closes in degree 2. See rips_voids.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "edge_order.hpp"
#include "loop_classes.hpp"
#include "prime_field.hpp"
#include "rips_lunes.hpp"
#include "simd.hpp"
#include "simplex_index.hpp"
#include "threads.hpp"

namespace topolens {

// A closed walk through vertices of the lune of `edge`, back to the first from the last. The loops of one lune are
// a basis of its degree-1 homology.
struct LuneLoop {
    Rank edge;
    std::vector<Vertex> vertices;
};

namespace detail {

// Rows of bits of the edges that have entered, as in LuneScan.
class LuneLoopScan {
public:
    LuneLoopScan(std::int64_t n, const std::vector<Edge>& edges)
        : words_((n + 63) / 64), edges_(edges), joined_(static_cast<std::size_t>(n * words_)),
          near_(joined_.size()), lune_(static_cast<std::size_t>(words_)), position_(static_cast<std::size_t>(n)) {}

    void enter(Edge edge) {
        row(edge.i)[edge.j / 64] |= Word{1} << (edge.j % 64);
        row(edge.j)[edge.i / 64] |= Word{1} << (edge.i % 64);
    }

    // Shrinks the lune of the edge to vertices with the same loops; false if there clearly are none.
    inline bool has_core(Rank rank) {
        const Edge edge = edges_[static_cast<std::size_t>(rank)];
        const Word* a = row(edge.i);
        const Word* b = row(edge.j);
        for (std::int64_t w = 0; w < words_; ++w) lune_[static_cast<std::size_t>(w)] = a[w] & b[w];
        vertices_.clear();
        for (std::int64_t w = 0; w < words_; ++w)
            for (Word left = lune_[static_cast<std::size_t>(w)]; left != 0; left &= left - 1)
                vertices_.push_back(static_cast<Vertex>(64 * w + std::countr_zero(left)));
        if (vertices_.size() < 4) return false;
        for (const Vertex v : vertices_) {
            const Word* joined = row(v);
            Word* near = local(v);
            Word missing = 0;
            for (std::int64_t w = 0; w < words_; ++w) {
                near[w] = joined[w] & lune_[static_cast<std::size_t>(w)];
                missing |= near[w] ^ lune_[static_cast<std::size_t>(w)] ^ (w == v / 64 ? Word{1} << (v % 64) : 0);
            }
            if (missing == 0) return false;  // a cone
        }
        if (grows_from_a_cone()) return false;
        while (remove_dominated()) {
        }
        return vertices_.size() >= 4;
    }

    // A basis of the loops of the core.
    template <class Classes>
    void loops(Rank rank, PrimeField field, std::vector<LuneLoop>& found) {
        grow_forest();
        Classes classes = make_classes<Classes>(static_cast<std::int64_t>(chords_.size()), field);
        for (std::size_t c = 0; c < chords_.size(); ++c) classes.open();
        close_triangles(classes, field);
        for (const Opener chord : classes.openers())
            found.push_back({rank, walk(chords_[static_cast<std::size_t>(chord)])});
    }

private:
    struct Chord {
        Vertex u, v;  // u < v
    };

    Word* row(std::int64_t vertex) { return joined_.data() + vertex * words_; }
    Word* local(std::int64_t vertex) { return near_.data() + vertex * words_; }
    bool near(Vertex u, Vertex v) { return local(u)[v / 64] >> (v % 64) & 1; }

    // Can the lune be built from the star of a vertex by adding vertices whose links so far are connected? None
    // of them opens a loop.
    inline bool grows_from_a_cone() {
        Vertex hub = vertices_.front();
        int most = -1;
        for (const Vertex v : vertices_) {
            int degree = 0;
            for (std::int64_t w = 0; w < words_; ++w) degree += std::popcount(local(v)[w]);
            if (degree > most) hub = v, most = degree;
        }
        built_.assign(local(hub), local(hub) + words_);
        built_[static_cast<std::size_t>(hub / 64)] |= Word{1} << (hub % 64);
        waiting_.clear();
        for (const Vertex v : vertices_)
            if (!(built_[static_cast<std::size_t>(v / 64)] >> (v % 64) & 1)) waiting_.push_back(v);
        for (std::size_t before = waiting_.size() + 1; waiting_.size() < before;) {
            before = waiting_.size();
            std::erase_if(waiting_, [&](Vertex v) {
                if (!linked(v)) return false;
                built_[static_cast<std::size_t>(v / 64)] |= Word{1} << (v % 64);
                return true;
            });
        }
        return waiting_.empty();
    }

    // Is the link of v in built_ connected and not empty?
    inline bool linked(Vertex v) {
        std::int64_t seed = -1;
        link_.resize(static_cast<std::size_t>(words_));
        queue_.assign(static_cast<std::size_t>(words_), 0);
        for (std::int64_t w = words_ - 1; w >= 0; --w) {
            link_[static_cast<std::size_t>(w)] = local(v)[w] & built_[static_cast<std::size_t>(w)];
            if (const Word word = link_[static_cast<std::size_t>(w)]) seed = 64 * w + std::countr_zero(word);
        }
        if (seed < 0) return false;
        link_[static_cast<std::size_t>(seed / 64)] &= ~(Word{1} << (seed % 64));
        while (seed >= 0) {
            const Word* near = local(seed);
            Word left = 0;
            std::int64_t next = -1;
            for (std::int64_t w = 0; w < words_; ++w) {
                const Word fresh = near[w] & link_[static_cast<std::size_t>(w)];
                link_[static_cast<std::size_t>(w)] ^= fresh;
                queue_[static_cast<std::size_t>(w)] |= fresh;
                left |= link_[static_cast<std::size_t>(w)];
                if (const Word word = queue_[static_cast<std::size_t>(w)]) next = 64 * w + std::countr_zero(word);
            }
            if (left == 0) return true;
            seed = next;
            if (seed >= 0) queue_[static_cast<std::size_t>(seed / 64)] &= ~(Word{1} << (seed % 64));
        }
        return false;
    }

    // A vertex whose neighbours are all joined to one of them, too, can go: its link is a cone.
    inline bool remove_dominated() {
        const std::size_t before = vertices_.size();
        std::erase_if(vertices_, [&](Vertex v) {
            if (!dominated(v)) return false;
            for (std::int64_t w = 0; w < words_; ++w)
                for (Word left = local(v)[w]; left != 0; left &= left - 1)
                    local(64 * w + std::countr_zero(left))[v / 64] &= ~(Word{1} << (v % 64));
            return true;
        });
        return vertices_.size() < before;
    }

    inline bool dominated(Vertex v) {
        const Word* own = local(v);
        for (std::int64_t w = 0; w < words_; ++w)
            for (Word left = own[w]; left != 0; left &= left - 1) {
                const auto u = static_cast<Vertex>(64 * w + std::countr_zero(left));
                const Word* other = local(u);
                Word outside = 0;
                for (std::int64_t x = 0; x < words_; ++x)
                    outside |= own[x] & ~other[x] & ~(x == u / 64 ? Word{1} << (u % 64) : 0);
                if (outside == 0) return true;
            }
        return false;
    }

    void grow_forest() {
        parent_.assign(vertices_.size(), -1);
        depth_.assign(vertices_.size(), -1);
        chords_.clear();
        chord_of_.assign(vertices_.size() * vertices_.size(), -1);
        for (std::size_t p = 0; p < vertices_.size(); ++p)
            position_[static_cast<std::size_t>(vertices_[p])] = static_cast<std::int32_t>(p);
        std::vector<std::int32_t> queue;
        for (std::size_t root = 0; root < vertices_.size(); ++root) {
            if (depth_[root] >= 0) continue;
            depth_[root] = 0;
            queue.assign(1, static_cast<std::int32_t>(root));
            for (std::size_t head = 0; head < queue.size(); ++head) {
                const auto p = static_cast<std::size_t>(queue[head]);
                for (std::size_t q = 0; q < vertices_.size(); ++q) {
                    if (depth_[q] >= 0 || !near(vertices_[p], vertices_[q])) continue;
                    depth_[q] = depth_[p] + 1;
                    parent_[q] = static_cast<std::int32_t>(p);
                    queue.push_back(static_cast<std::int32_t>(q));
                }
            }
        }
        for (std::size_t q = 0; q < vertices_.size(); ++q)
            for (std::size_t p = 0; p < q; ++p)
                if (near(vertices_[p], vertices_[q]) && parent_[p] != static_cast<std::int32_t>(q) &&
                    parent_[q] != static_cast<std::int32_t>(p)) {
                    chord_of_[p * vertices_.size() + q] = static_cast<Opener>(chords_.size());
                    chords_.push_back({vertices_[p], vertices_[q]});
                }
    }

    template <class Classes>
    void close_triangles(Classes& classes, PrimeField field) {
        const std::size_t m = vertices_.size();
        typename Classes::Loop loop;
        const auto term = [&](std::size_t a, std::size_t b, Coefficient sign) {
            if (const Opener chord = chord_of_[a * m + b]; chord >= 0) add_term(loop, chord, sign);
        };
        for (std::size_t r = 2; r < m; ++r)
            for (std::size_t q = 1; q < r; ++q) {
                if (!near(vertices_[q], vertices_[r])) continue;
                const Word* first = local(vertices_[q]);
                const Word* second = local(vertices_[r]);
                for (std::int64_t w = 0; w <= vertices_[q] / 64; ++w)
                    for (Word both = first[w] & second[w]; both != 0; both &= both - 1) {
                        const std::int64_t vertex = 64 * w + std::countr_zero(both);
                        if (vertex >= vertices_[q]) break;
                        if (classes.alive() == 0) return;
                        const auto p = static_cast<std::size_t>(position_[static_cast<std::size_t>(vertex)]);
                        loop.clear();
                        term(p, q, 1);
                        term(q, r, 1);
                        term(p, r, field.negate(1));
                        classes.close(loop);
                    }
            }
    }

    // Along the chord from u to v, and back through the tree.
    std::vector<Vertex> walk(Chord chord) {
        auto p = static_cast<std::size_t>(position_[static_cast<std::size_t>(chord.u)]);
        auto q = static_cast<std::size_t>(position_[static_cast<std::size_t>(chord.v)]);
        std::vector<Vertex> up, down;
        while (p != q) {
            std::size_t& deeper = depth_[p] > depth_[q] ? p : q;
            (depth_[p] > depth_[q] ? up : down).push_back(vertices_[deeper]);
            deeper = static_cast<std::size_t>(parent_[deeper]);
        }
        up.push_back(vertices_[p]);
        std::reverse(up.begin(), up.end());
        up.insert(up.end(), down.begin(), down.end());
        return up;
    }

    std::int64_t words_;
    const std::vector<Edge>& edges_;
    std::vector<Word> joined_, near_, lune_, built_, link_, queue_;
    std::vector<Vertex> waiting_;
    std::vector<Vertex> vertices_;  // of the core, rising
    std::vector<std::int32_t> position_, parent_, depth_;
    std::vector<Chord> chords_;
    std::vector<Opener> chord_of_;
};

TOPOLENS_VECTORISED inline bool has_core(LuneLoopScan& scan, Rank rank) { return scan.has_core(rank); }

}  // namespace detail

// All loops of all lunes, rising by edge.
template <class Classes>
std::vector<LuneLoop> find_lune_loops(std::int64_t n, const std::vector<Edge>& edges, PrimeField field, int threads) {
    const auto count = static_cast<std::int64_t>(edges.size());
    const std::int64_t runs = std::clamp<std::int64_t>(threads, 1, 1 + count / 1024);
    std::vector<std::vector<LuneLoop>> parts(static_cast<std::size_t>(runs));
    parallel_chunks(runs, threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t run = first; run < last; ++run) {
            const std::int64_t begin = count * run / runs, end = count * (run + 1) / runs;
            detail::LuneLoopScan scan(n, edges);
            for (std::int64_t rank = 0; rank < begin; ++rank) scan.enter(edges[static_cast<std::size_t>(rank)]);
            for (std::int64_t rank = begin; rank < end; ++rank) {
                if (detail::has_core(scan, static_cast<Rank>(rank)))
                    scan.template loops<Classes>(static_cast<Rank>(rank), field, parts[static_cast<std::size_t>(run)]);
                scan.enter(edges[static_cast<std::size_t>(rank)]);
            }
        }
    });
    std::vector<LuneLoop> all;
    for (auto& part : parts) std::move(part.begin(), part.end(), std::back_inserter(all));
    return all;
}

}  // namespace topolens
