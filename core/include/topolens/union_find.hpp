// Disjoint sets whose roots the caller chooses, so that the elder rule can name each component by its oldest cell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace topolens {

template <class Index = std::int64_t>
class UnionFind {
public:
    explicit UnionFind(std::int64_t count) { reset(count); }

    // As new, with items 0 .. count - 1.
    void reset(std::int64_t count) {
        parent_.resize(static_cast<std::size_t>(count));
        std::iota(parent_.begin(), parent_.end(), Index{0});
    }

    // Root of the set of `item`; path halving keeps later calls short.
    Index find(Index item) {
        while (parent(item) != item) {
            parent(item) = parent(parent(item));
            item = parent(item);
        }
        return item;
    }

    // Hangs one root below another; both must be roots. Ranks are not kept: the elder stays on top.
    void attach(Index child_root, Index parent_root) { parent(child_root) = parent_root; }

private:
    Index& parent(Index item) { return parent_[static_cast<std::size_t>(item)]; }

    std::vector<Index> parent_;
};

}  // namespace topolens
