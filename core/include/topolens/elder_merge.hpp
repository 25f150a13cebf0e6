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

    struct Link {
        Index a, b, source;  // `source` names the link in `ends_at`
        Height height;
    };

    // Room for ids below `nodes` and for `links` links, to be written through `ages` and `links`.
    void reserve(std::size_t nodes, std::size_t links) {
        age_.reserve(nodes);
        first_.reserve(nodes);
        parent_.reserve(nodes);
        ends_at_.reserve(nodes);
        alive_.reserve(nodes + 1);
        links_.reserve(links + 1);
    }
    Rank<Height>* ages() { return age_.data(); }
    Link* links() { return links_.data(); }

    // The links, in the order in which equal heights count, must connect the nodes.
    void run(const Index* nodes, std::size_t node_count, std::size_t link_count) {
        for (std::size_t k = 0; k < node_count; ++k) {
            const Index id = alive_[k] = nodes[k];
            first_[as_size(id)] = last_rank<Height>();
            parent_[as_size(id)] = id;
            ends_at_[as_size(id)] = none;
        }
        alive_count_ = node_count;
        link_count_ = link_count;
        while (link_count_ >= few) {
            const std::size_t before = alive_count_;
            find_first();
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
    // Below this many links one sort is cheaper than another round.
    static constexpr std::size_t few = 24;

    static std::size_t as_size(Index n) { return static_cast<std::size_t>(n); }

    // In these passes local copies of counts and pointers spare the compiler doubts about aliases, and selects
    // take the place of branches that would be coin tosses.

    void find_first() {
        const std::size_t count = link_count_;
        const Link* links = links_.data();
        Rank<Height>* first = first_.data();
        for (std::size_t k = 0; k < count; ++k) {
            const Rank<Height> rank = rank_of(links[k].height, static_cast<std::uint32_t>(k));
            Rank<Height>&of_a = first[links[k].a], &of_b = first[links[k].b];
            of_a = std::min(of_a, rank);
            of_b = std::min(of_b, rank);
        }
    }

    void find_absorbed() {
        const std::size_t count = alive_count_;
        const Link* links = links_.data();
        const Rank<Height>* age = age_.data();
        Rank<Height>* first = first_.data();
        Index *parent = parent_.data(), *ends_at = ends_at_.data();
        const Index* alive = alive_.data();
        for (std::size_t k = 0; k < count; ++k) {
            const Index id = alive[k];
            const Link& link = links[index_of(first[id])];
            const Index other = link.a ^ link.b ^ id;
            const Index ends = -Index{age[other] < age[id]};  // all ones or zero
            parent[id] = id ^ ((id ^ other) & ends);
            ends_at[id] = link.source | ~ends;  // none is -1
            first[id] = last_rank<Height>();
        }
    }

    void follow_absorbed() {
        const std::size_t count = alive_count_;
        Index *parent = parent_.data(), *alive = alive_.data();
        std::size_t kept = 0;
        for (std::size_t k = 0; k < count; ++k) {
            const Index id = alive[k], end = end_of(parent, id);
            parent[id] = end;
            alive[kept] = id;
            kept += end == id;
        }
        alive_count_ = kept;
    }

    void relabel_links() {
        const std::size_t count = link_count_;
        const Index* parent = parent_.data();
        Link* links = links_.data();
        std::size_t kept = 0;
        for (std::size_t k = 0; k < count; ++k) {
            Link link = links[k];
            link.a = parent[link.a];
            link.b = parent[link.b];
            links[kept] = link;
            kept += link.a != link.b;
        }
        link_count_ = kept;
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
