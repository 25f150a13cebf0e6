// The elder rule on a graph, almost without sorting.
//
// Nodes have ages, links join two nodes from their rank on. Of two components that a link joins, the one whose
// oldest node is younger ends there. A node whose first link leads to an older node is still alone at that
// link, so it ends there whatever happens elsewhere: in each round all such nodes are absorbed by those
// neighbours, and links between the same two nodes now are dropped. A round is a pass over what is left and
// on most graphs takes away more than half; where it does not, the rest is sorted and merged one by one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "pixel_order.hpp"
#include "raw_array.hpp"

namespace topolens {

// The root above `item`. Ways are mostly short, and steps that may be idle cost less than guessing their number.
inline std::int32_t end_of(const std::int32_t* parent, std::int32_t item) {
    std::int32_t end = parent[parent[parent[item]]];
    while (parent[end] != end) end = parent[end];
    return end;
}

template <class Height>
class ElderMerge {
public:
    using Index = std::int32_t;
    static constexpr Index none = -1;

    // Forgets everything; ids below `nodes` may be used, and `links` links.
    void clear(std::size_t nodes, std::size_t links) {
        age_.reserve(nodes);
        first_.reserve(nodes);
        parent_.reserve(nodes);
        ends_at_.reserve(nodes);
        alive_.reserve(nodes + 1);
        links_.reserve(links + 1);
        alive_count_ = link_count_ = 0;
    }

    void add_node(Index id, Rank<Height> age, bool counts = true) {
        const auto k = as_size(id);
        age_[k] = age;
        first_[k] = last_rank<Height>();
        parent_[k] = id;
        ends_at_[k] = none;
        alive_[alive_count_] = id;
        alive_count_ += counts;
    }

    // Links come in the order in which equal heights count, those from a node to itself are ignored. `source`
    // names the link in `ends_at`.
    void add_link(Index a, Index b, Height height, Index source) { append({a, b, source, height}); }

    // The links must connect all nodes.
    void run() {
        while (link_count_ >= few) {
            const std::size_t before = alive_count_;
            find_absorbed();
            follow_absorbed();
            relabel_links();
            if (alive_count_ > before - before / 4) break;
        }
        merge_sorted();
    }

    const Rank<Height>& age(Index id) const { return age_[as_size(id)]; }
    // Source of the link that ends the node, none if it outlives all.
    Index ends_at(Index id) const { return ends_at_[as_size(id)]; }

private:
    struct Link {
        Index a, b, source;
        Height height;
    };

    // Below this many links one sort is cheaper than another round.
    static constexpr std::size_t few = 24;

    static std::size_t as_size(Index n) { return static_cast<std::size_t>(n); }

    // Whether a link counts is a coin toss: a select costs less than a branch that guesses wrong.
    void append(const Link& link) {
        const bool counts = link.a != link.b;
        const Rank<Height> rank =
            counts ? rank_of(link.height, static_cast<std::uint32_t>(link_count_)) : last_rank<Height>();
        Rank<Height>&of_a = first_[as_size(link.a)], &of_b = first_[as_size(link.b)];
        of_a = std::min(of_a, rank);
        of_b = std::min(of_b, rank);
        links_[link_count_] = link;
        link_count_ += counts;
    }

    void find_absorbed() {
        for (std::size_t k = 0; k < alive_count_; ++k) {
            const Index id = alive_[k];
            const std::size_t n = as_size(id);
            const Link& link = links_[index_of(first_[n])];
            const Index other = link.a ^ link.b ^ id;
            const Index ends = -Index{age_[as_size(other)] < age_[n]};  // all ones or zero
            parent_[n] = id ^ ((id ^ other) & ends);
            ends_at_[n] = link.source | ~ends;  // none is -1
            first_[n] = last_rank<Height>();
        }
    }

    void follow_absorbed() {
        std::size_t kept = 0;
        for (std::size_t k = 0; k < alive_count_; ++k) {
            const Index id = alive_[k];
            alive_[kept] = id;
            kept += parent_[as_size(id)] == id;
            parent_[as_size(id)] = end_of(parent_.data(), id);
        }
        alive_count_ = kept;
    }

    void relabel_links() {
        const std::size_t before = link_count_;
        link_count_ = 0;
        for (std::size_t k = 0; k < before; ++k) {
            Link link = links_[k];
            link.a = parent_[as_size(link.a)];
            link.b = parent_[as_size(link.b)];
            append(link);
        }
    }

    Index root(Index id) {
        while (parent_[as_size(id)] != id) {
            parent_[as_size(id)] = parent_[as_size(parent_[as_size(id)])];
            id = parent_[as_size(id)];
        }
        return id;
    }

    void merge_sorted() {
        order_.reserve(link_count_);
        for (std::size_t k = 0; k < link_count_; ++k)
            order_[k] = rank_of(links_[k].height, static_cast<std::uint32_t>(k));
        std::sort(order_.data(), order_.data() + link_count_);
        for (std::size_t k = 0; k < link_count_; ++k) {
            const Link& link = links_[index_of(order_[k])];
            Index older = root(link.a), younger = root(link.b);
            if (older == younger) continue;
            if (age_[as_size(younger)] < age_[as_size(older)]) std::swap(older, younger);
            parent_[as_size(younger)] = older;
            ends_at_[as_size(younger)] = link.source;
        }
    }

    RawArray<Rank<Height>> age_, first_, order_;  // first_: lowest link of each node that is left
    RawArray<Index> parent_, ends_at_, alive_;
    RawArray<Link> links_;
    std::size_t alive_count_ = 0, link_count_ = 0;
};

}  // namespace topolens
