// Disjoint sets whose roots the caller chooses, so that the elder rule can name each component by its oldest cell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace topolens {

class UnionFind {
public:
    explicit UnionFind(std::int64_t count) : parent_(static_cast<std::size_t>(count)) {
        std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
    }

    // Root of the set of `item`; path halving keeps later calls short.
    std::int64_t find(std::int64_t item) {
        while (parent(item) != item) {
            parent(item) = parent(parent(item));
            item = parent(item);
        }
        return item;
    }

    // Hangs one root below another; both must be roots. Ranks are not kept: the elder stays on top.
    void attach(std::int64_t child_root, std::int64_t parent_root) { parent(child_root) = parent_root; }

private:
    std::int64_t& parent(std::int64_t item) { return parent_[static_cast<std::size_t>(item)]; }

    std::vector<std::int64_t> parent_;
};

}  // namespace topolens
