// Stable sort by unsigned numbers, digit by digit.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace topolens {

// Stable sort by an unsigned number of `bits` bits, in digits: short ones for short lists, where clearing and
// summing the counters would cost more than the items.
template <class Item, class Number>
void radix_sort(std::vector<Item>& items, std::vector<Item>& spare, int bits, Number number) {
    const int digit_bits = items.size() < 4096 ? 8 : 11;
    const std::size_t digits = std::size_t{1} << digit_bits;
    for (int shift = 0; shift < bits; shift += digit_bits) {
        const auto digit = [&](const Item& item) { return number(item) >> shift & (digits - 1); };
        std::array<std::uint32_t, 2048> start;
        const auto stop = start.begin() + static_cast<std::ptrdiff_t>(digits);
        std::fill(start.begin(), stop, 0U);
        for (const Item& item : items) ++start[digit(item)];
        if (std::find(start.begin(), stop, items.size()) != stop) continue;  // all in one bucket
        std::exclusive_scan(start.begin(), stop, start.begin(), 0U);
        spare.resize(items.size());
        for (const Item& item : items) spare[start[digit(item)]++] = item;
        items.swap(spare);
    }
}

// Below this many items a comparison sort is faster than clearing the counters.
inline constexpr std::size_t radix_from = 64;

}  // namespace topolens
