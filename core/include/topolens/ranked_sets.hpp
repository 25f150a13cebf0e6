// Small sets at ranks, latest rank first: a priority queue that joins what meets at one rank on the way in.
//
// One byte per rank and a tree of bits over them, 64 to a word, that says where to look. Adding touches the byte and
// as many words as were empty so far; the largest rank is one step per level away.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace topolens {

class RankedSets {
public:
    struct Entry {
        std::int32_t rank;  // -1: there is none
        std::uint8_t set;
    };

    // Empties the queue for ranks [0, count).
    void reset(std::int64_t count) {
        sets_.assign(static_cast<std::size_t>(count), 0);
        levels_.clear();
        do {
            count = (count + 63) / 64;
            levels_.emplace_back(static_cast<std::size_t>(count), 0);
        } while (count > 1);
    }

    // Symmetric difference with the set at `rank`.
    void toggle(std::int32_t rank, unsigned set) {
        auto index = static_cast<std::uint32_t>(rank);
        sets_[index] ^= static_cast<std::uint8_t>(set);
        for (auto& level : levels_) {
            std::uint64_t& word = level[index >> 6];
            const bool was_empty = word == 0;
            word |= std::uint64_t{1} << (index & 63U);
            if (!was_empty) return;  // then the levels above know
            index >>= 6;
        }
    }

    // Takes out the largest rank whose set is not empty.
    Entry pop() {
        while (levels_.back()[0] != 0) {
            std::uint32_t index = 0;
            for (auto level = levels_.rbegin(); level != levels_.rend(); ++level)
                index = index << 6 | static_cast<std::uint32_t>(63 - std::countl_zero((*level)[index]));
            forget(index);
            const std::uint8_t set = sets_[index];
            sets_[index] = 0;
            if (set != 0) return {static_cast<std::int32_t>(index), set};
        }
        return {-1, 0};
    }

private:
    void forget(std::uint32_t index) {
        for (auto& level : levels_) {
            std::uint64_t& word = level[index >> 6];
            word &= ~(std::uint64_t{1} << (index & 63U));
            if (word != 0) return;
            index >>= 6;
        }
    }

    std::vector<std::uint8_t> sets_;
    std::vector<std::vector<std::uint64_t>> levels_;
};

}  // namespace topolens
