// Cohomology classes of the loops that are open, kept up to date while loops open and close.
//
// A class is a cocycle: a function on the openers, the edges that open loops. A new opener adds the class that
// is 1 on it. A relation, a sum of openers that has become a boundary, must be 0 under every class: of the
// classes that are not 0 on it the youngest ends, after it has corrected the others. So a relation that follows
// from earlier ones costs one look at its openers, and the space in use is that of the open loops.
// `Loop` below is such a sum; an opener may occur in it several times.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "prime_field.hpp"
#include "simd.hpp"

namespace topolens {

using Opener = std::int32_t;  // numbered as they come

namespace detail {

// 512 classes over Z/2 at one opener: a cache line.
struct alignas(64) ClassBits {
    std::array<std::uint64_t, 8> words{};
};

TOPOLENS_VECTORISED inline ClassBits sum_of_rows(const ClassBits* rows, const std::vector<Opener>& at) {
    ClassBits sum;
    for (const Opener opener : at)
        for (std::size_t w = 0; w < 8; ++w) sum.words[w] ^= rows[opener].words[w];
    return sum;
}

TOPOLENS_VECTORISED inline void add_to_rows(ClassBits* rows, const std::vector<Opener>& at, const ClassBits& bits) {
    for (const Opener opener : at)
        for (std::size_t w = 0; w < 8; ++w) rows[opener].words[w] ^= bits.words[w];
}

}  // namespace detail

// Over Z/2: a bit matrix, one row per opener and one column per class, oldest first, in blocks of 512 columns.
class LoopClassesModTwo {
public:
    using Loop = std::vector<Opener>;

    void open() {
        const Opener opener = opened_++;
        if (births_.size() == blocks_.size() * width) add_block(opener);
        const std::size_t column = births_.size() % width;
        ++blocks_.back().alive;
        for (Block& block : blocks_)
            if (block.alive > 0) block.rows.emplace_back();
        blocks_.back().row(opener)->words[column / 64] |= std::uint64_t{1} << (column % 64);
        births_.push_back(opener);
        ++alive_;
    }
    std::int64_t alive() const { return alive_; }

    // Takes note that `loop` is a boundary; returns the opener whose bar it ends, or -1.
    Opener close(const Loop& loop) {
        for (auto block = static_cast<std::int64_t>(blocks_.size()) - 1; block >= 0; --block) {
            values_[static_cast<std::size_t>(block)] = value(blocks_[static_cast<std::size_t>(block)], loop);
            const std::int64_t column = last(values_[static_cast<std::size_t>(block)]);
            if (column < 0) continue;
            for (std::int64_t b = 0; b < block; ++b)
                values_[static_cast<std::size_t>(b)] = value(blocks_[static_cast<std::size_t>(b)], loop);
            return end(static_cast<std::size_t>(block), static_cast<std::size_t>(column));
        }
        return -1;
    }

    // Openers of the classes that are left, rising.
    std::vector<Opener> openers() const {
        std::vector<Opener> left;
        std::copy_if(births_.begin(), births_.end(), std::back_inserter(left), [](Opener birth) { return birth >= 0; });
        return left;
    }

private:
    static constexpr std::size_t width = 512;

    // No class is older than the first opener of its block, and it is 0 on openers before its own.
    struct Block {
        Opener first = 0;
        std::int64_t alive = 0;
        std::vector<detail::ClassBits> rows;

        detail::ClassBits* row(Opener opener) { return rows.data() + (opener - first); }
    };

    void add_block(Opener first) {
        blocks_.emplace_back().first = first;
        values_.emplace_back();
    }

    detail::ClassBits value(const Block& block, const Loop& loop) {
        at_.clear();
        if (block.alive == 0) return {};
        for (const Opener opener : loop)
            if (opener >= block.first) at_.push_back(opener - block.first);
        return detail::sum_of_rows(block.rows.data(), at_);
    }

    static std::int64_t last(const detail::ClassBits& bits) {
        for (std::int64_t w = 7; w >= 0; --w)
            if (const std::uint64_t word = bits.words[static_cast<std::size_t>(w)])
                return 64 * w + std::bit_width(word) - 1;
        return -1;
    }

    Opener end(std::size_t block, std::size_t column) {
        const std::size_t number = block * width + column;
        const Opener birth = births_[number];
        const std::size_t word = column / 64;
        const std::uint64_t bit = std::uint64_t{1} << (column % 64);
        support_.clear();
        for (Opener opener = birth; opener < opened_; ++opener)
            if (blocks_[block].row(opener)->words[word] & bit) support_.push_back(opener);
        for (std::size_t b = 0; b <= block; ++b) {
            if (last(values_[b]) < 0) continue;
            at_.clear();
            for (const Opener opener : support_) at_.push_back(opener - blocks_[b].first);
            detail::add_to_rows(blocks_[b].rows.data(), at_, values_[b]);
        }
        births_[number] = -1;
        --alive_;
        if (--blocks_[block].alive == 0 && block + 1 < blocks_.size()) blocks_[block].rows = {};
        if (blocks_.size() > 1 && 2 * static_cast<std::size_t>(alive_) <= blocks_.size() * width) compact();
        return birth;
    }

    // Moves the classes that are left together.
    void compact() {
        std::vector<Block> old = std::move(blocks_);
        const std::vector<Opener> old_births = std::move(births_);
        blocks_.clear();
        values_.clear();
        births_.clear();
        for (std::size_t number = 0; number < old_births.size(); ++number) {
            if (old_births[number] < 0) continue;
            if (births_.size() == blocks_.size() * width) {
                add_block(old_births[number]);
                blocks_.back().rows.resize(static_cast<std::size_t>(opened_ - old_births[number]));
            }
            const std::size_t from = number % width, to = births_.size() % width;
            ++blocks_.back().alive;
            for (Opener opener = old_births[number]; opener < opened_; ++opener) {
                const std::uint64_t bit = old[number / width].row(opener)->words[from / 64] >> (from % 64) & 1;
                blocks_.back().row(opener)->words[to / 64] |= bit << (to % 64);
            }
            births_.push_back(old_births[number]);
        }
    }

    std::int64_t alive_ = 0;
    Opener opened_ = 0;
    std::vector<Block> blocks_;
    std::vector<Opener> births_;  // of each column; -1 once it has ended
    std::vector<detail::ClassBits> values_;  // by block, of one loop
    std::vector<Opener> at_, support_;
};

// Over Z/p: sparse rows, for classes seldom fill up as they may over Z/2, where a column costs only a bit.
class LoopClasses {
public:
    struct Term {
        Opener opener;
        Coefficient coefficient;
    };
    using Loop = std::vector<Term>;

    LoopClasses(std::int64_t opener_count, PrimeField field)
        : field_(field), rows_(static_cast<std::size_t>(opener_count)), support_(rows_.size()), alive_(rows_.size()),
          value_(rows_.size()) {}

    void open() {
        const auto opener = static_cast<std::size_t>(opened_);
        rows_[opener].push_back({opened_, 1});
        support_[opener].push_back(opened_++);
        alive_[opener] = true;
        ++alive_count_;
    }
    std::int64_t alive() const { return alive_count_; }

    // As above.
    Opener close(const Loop& loop) {
        for (const Term& term : loop) add_row(term);
        nonzero_.clear();
        std::sort(touched_.begin(), touched_.end());
        for (const Opener birth : touched_) {
            Coefficient& value = value_[static_cast<std::size_t>(birth)];
            if (value != 0) nonzero_.push_back({birth, std::exchange(value, 0)});
        }
        touched_.clear();
        if (nonzero_.empty()) return -1;
        const Opener birth = nonzero_.back().opener;
        const Coefficient scale = field_.negate(field_.inverse(nonzero_.back().coefficient));
        for (Term& term : nonzero_) term.coefficient = field_.multiply(term.coefficient, scale);
        for (const Opener opener : support_[static_cast<std::size_t>(birth)]) correct(opener, birth);
        support_[static_cast<std::size_t>(birth)] = {};
        alive_[static_cast<std::size_t>(birth)] = false;
        --alive_count_;
        return birth;
    }

    std::vector<Opener> openers() const {
        std::vector<Opener> left;
        for (Opener opener = 0; opener < opened_; ++opener)
            if (alive_[static_cast<std::size_t>(opener)]) left.push_back(opener);
        return left;
    }

private:
    void add_row(const Term& term) {
        for (const Term& entry : rows_[static_cast<std::size_t>(term.opener)]) {
            Coefficient& value = value_[static_cast<std::size_t>(entry.opener)];
            if (value == 0) touched_.push_back(entry.opener);
            value = field_.add(value, field_.multiply(entry.coefficient, term.coefficient));
        }
    }

    // Adds nonzero_ to the row of `opener`, times its entry in the class that ends, which becomes 0.
    void correct(Opener opener, Opener ending) {
        auto& row = rows_[static_cast<std::size_t>(opener)];
        const auto before = [](const Term& term, Opener birth) { return term.opener < birth; };
        const auto entry = std::lower_bound(row.begin(), row.end(), ending, before);
        if (entry == row.end() || entry->opener != ending) return;  // was 0 again, or is done
        const Coefficient factor = entry->coefficient;
        sum_.clear();
        auto kept = row.begin();
        for (const Term& term : nonzero_) {
            for (; kept != row.end() && kept->opener < term.opener; ++kept) sum_.push_back(*kept);
            Coefficient added = field_.multiply(term.coefficient, factor);
            const bool present = kept != row.end() && kept->opener == term.opener;
            if (present) added = field_.add(added, kept++->coefficient);
            if (added != 0) sum_.push_back({term.opener, added});
            if (!present) support_[static_cast<std::size_t>(term.opener)].push_back(opener);
        }
        sum_.insert(sum_.end(), kept, row.end());
        row.assign(sum_.begin(), sum_.end());
    }

    PrimeField field_;
    std::vector<std::vector<Term>> rows_;  // by opener: the classes that are not 0 there, oldest first
    std::vector<std::vector<Opener>> support_;  // by class, named by its opener: openers where it is or was not 0
    std::vector<bool> alive_;
    std::int64_t alive_count_ = 0;
    Opener opened_ = 0;
    std::vector<Coefficient> value_;
    std::vector<Opener> touched_;
    std::vector<Term> nonzero_, sum_;
};

// What the two take differently.
inline void add_term(LoopClassesModTwo::Loop& loop, Opener opener, Coefficient) { loop.push_back(opener); }
inline void add_term(LoopClasses::Loop& loop, Opener opener, Coefficient coefficient) {
    loop.push_back({opener, coefficient});
}

template <class Classes>
Classes make_classes(std::int64_t opener_count, PrimeField field) {
    if constexpr (std::is_same_v<Classes, LoopClassesModTwo>)
        return {};
    else
        return {opener_count, field};
}

}  // namespace topolens
