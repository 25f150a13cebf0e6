// Stable sort by small whole numbers.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace topolens {

// Buffers live as long as the object.
template <class Item>
class CountingSort {
public:
    // number(item) must lie in [0, range).
    template <class Number>
    void operator()(std::vector<Item>& items, std::int64_t range, Number&& number) {
        starts_.assign(static_cast<std::size_t>(range) + 1, 0);
        for (const Item& item : items) ++starts_[static_cast<std::size_t>(number(item)) + 1];
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        sorted_.resize(items.size());
        for (const Item& item : items) sorted_[starts_[static_cast<std::size_t>(number(item))]++] = item;
        items.swap(sorted_);
    }

private:
    std::vector<std::uint32_t> starts_;
    std::vector<Item> sorted_;
};

}  // namespace topolens
