// Lunes of the edges of a sparse graph, by going along lists of neighbours. See rips_lunes.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "rips_lunes.hpp"
#include "sparse_flag_graph.hpp"
#include "threads.hpp"

namespace topolens {

namespace detail {

class SparseLuneScan {
public:
    explicit SparseLuneScan(const SparseFlagGraph& graph)
        : graph_(graph), waiting_for_(static_cast<std::size_t>(graph.size()), absent) {}

    void examine(Rank rank, Lunes& found) {
        const Ends edge = graph_.ends(rank);
        lune_.clear();
        graph_.common_neighbours(edge.i, edge.j, [&](Vertex k, Rank longer) {
            if (longer < rank) lune_.push_back(k);
        });
        if (lune_.empty()) {
            found.empty.push_back(rank);
            return;
        }
        for (const Vertex k : lune_) waiting_for_[static_cast<std::size_t>(k)] = rank;
        std::size_t left = lune_.size();
        for (const Vertex seed : lune_) {
            if (left == 0) break;
            if (waiting_for_[static_cast<std::size_t>(seed)] != rank) continue;
            if (seed != lune_.front()) found.split.push_back({rank, lune_.front(), seed});
            left -= take_component(seed, rank, left);
        }
    }

private:
    // Takes the component of `seed` out of those that wait; returns its size. No more than `left` do.
    std::size_t take_component(Vertex seed, Rank rank, std::size_t left) {
        queue_.assign(1, seed);
        waiting_for_[static_cast<std::size_t>(seed)] = absent;
        for (std::size_t head = 0; head < queue_.size() && queue_.size() < left; ++head)
            for (const Neighbour& neighbour : graph_.neighbours(queue_[head])) {
                Rank& waiting = waiting_for_[static_cast<std::size_t>(neighbour.vertex)];
                if (neighbour.rank >= rank || waiting != rank) continue;
                waiting = absent;
                queue_.push_back(neighbour.vertex);
            }
        return queue_.size();
    }

    const SparseFlagGraph& graph_;
    std::vector<Rank> waiting_for_;  // the edge whose lune holds the vertex, until its component is found
    std::vector<Vertex> lune_, queue_;
};

}  // namespace detail

inline Lunes find_lunes(const SparseFlagGraph& graph, int threads) {
    const std::int64_t count = graph.edge_count();
    const std::int64_t runs = std::clamp<std::int64_t>(threads, 1, 1 + count / 4096);
    std::vector<Lunes> parts(static_cast<std::size_t>(runs));
    parallel_chunks(runs, threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t run = first; run < last; ++run) {
            detail::SparseLuneScan scan(graph);
            for (std::int64_t rank = count * run / runs; rank < count * (run + 1) / runs; ++rank)
                scan.examine(static_cast<Rank>(rank), parts[static_cast<std::size_t>(run)]);
        }
    });
    return join(std::move(parts));
}

}  // namespace topolens
