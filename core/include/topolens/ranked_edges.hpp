// The edges of one graph, listed by one of their ends, vertices named by rank.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "graph_batch.hpp"
#include "vertex_order.hpp"

namespace topolens {

// Self-loops and repeated edges are left out.
class RankedEdges {
    using Rank = std::int32_t;

public:
    template <class Real>
    void list_by_later_end(const VertexOrder<Real>& order, std::int64_t n, const LocalEdge* edges, std::int64_t count) {
        list(order, n, edges, count, [](Rank a, Rank b) { return std::max(a, b); });
    }

    template <class Real>
    void list_by_earlier_end(const VertexOrder<Real>& order, std::int64_t n, const LocalEdge* edges,
                             std::int64_t count) {
        list(order, n, edges, count, [](Rank a, Rank b) { return std::min(a, b); });
    }

    // The other ends of the edges of one rank, in no particular order.
    std::span<const Rank> of(Rank rank) const {
        const auto r = static_cast<std::size_t>(rank);
        return {other_.data() + starts_[r], other_.data() + stops_[r]};
    }

private:
    template <class Order, class Choice>
    void list(const Order& order, std::int64_t n, const LocalEdge* edges, std::int64_t count, Choice&& owner) {
        starts_.assign(static_cast<std::size_t>(n) + 1, 0);
        ends_.resize(static_cast<std::size_t>(count));
        for (std::int64_t e = 0; e < count; ++e) {
            const Rank a = order.rank(edges[e].a), b = order.rank(edges[e].b), own = owner(a, b);
            ends_[static_cast<std::size_t>(e)] = {own, a + b - own};
            ++starts_[static_cast<std::size_t>(own) + 1];
        }
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        stops_.assign(starts_.begin(), starts_.end() - 1);
        other_.resize(static_cast<std::size_t>(count));
        for (const auto& [own, other] : ends_)
            other_[static_cast<std::size_t>(stops_[static_cast<std::size_t>(own)]++)] = other;
        drop_repeated(n);
    }

    void drop_repeated(std::int64_t n) {
        seen_.assign(static_cast<std::size_t>(n), Rank{-1});
        for (Rank r = 0; r < n; ++r) {
            auto& stop = stops_[static_cast<std::size_t>(r)];
            auto kept = starts_[static_cast<std::size_t>(r)];
            for (auto e = kept; e < stop; ++e) {
                const Rank other = other_[static_cast<std::size_t>(e)];
                Rank& last = seen_[static_cast<std::size_t>(other)];
                if (other == r || last == r) continue;
                last = r;
                other_[static_cast<std::size_t>(kept++)] = other;
            }
            stop = kept;
        }
    }

    std::vector<LocalEdge> ends_;  // owner and other end
    std::vector<std::int64_t> starts_, stops_;
    std::vector<Rank> other_, seen_;
};

}  // namespace topolens
