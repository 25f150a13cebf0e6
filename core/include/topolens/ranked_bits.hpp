// A set of numbers that is read from its largest down: one bit per number, and a tree of bits that says where to look.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace topolens {

class RankedBits {
public:
    // The empty set, for numbers in [0, count).
    void reset(std::int64_t count) {
        levels_.clear();
        do {
            count = (count + 63) / 64;
            levels_.emplace_back(static_cast<std::size_t>(count), 0);
        } while (count > 1);
    }

    // Symmetric difference with one number.
    void toggle(std::int32_t number) {
        auto index = static_cast<std::uint32_t>(number);
        const std::uint64_t bit = std::uint64_t{1} << (index & 63U), left = levels_[0][index >> 6] ^= bit;
        if (left == 0)
            forget(index >> 6);
        else if (left == bit)
            note(index >> 6);
    }

    // -1: there is none.
    std::int32_t largest() const {
        if (levels_.back()[0] == 0) return -1;
        std::uint32_t index = 0;
        for (auto level = levels_.rbegin(); level != levels_.rend(); ++level)
            index = index << 6 | static_cast<std::uint32_t>(63 - std::countl_zero((*level)[index]));
        return static_cast<std::int32_t>(index);
    }

private:
    void note(std::uint32_t index) {
        for (std::size_t level = 1; level < levels_.size(); ++level) {
            std::uint64_t& word = levels_[level][index >> 6];
            const bool was_empty = word == 0;
            word |= std::uint64_t{1} << (index & 63U);
            if (!was_empty) return;  // then the levels above know
            index >>= 6;
        }
    }

    void forget(std::uint32_t index) {
        for (std::size_t level = 1; level < levels_.size(); ++level) {
            std::uint64_t& word = levels_[level][index >> 6];
            word &= ~(std::uint64_t{1} << (index & 63U));
            if (word != 0) return;
            index >>= 6;
        }
    }

    std::vector<std::vector<std::uint64_t>> levels_;
};

}  // namespace topolens
