// Persistence pairs of any filtered cell complex given by its boundary matrix, over a prime field.
//
// The coboundary matrix is reduced instead of the boundary matrix: both give the same pairs, but of the cells of
// top dimension, by far the most in a nerve, not one has a column to reduce. Dimensions go up, so every cell
// known to end a bar is skipped (clearing).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "pairs.hpp"
#include "prime_field.hpp"

namespace topolens {

struct Entry {
    std::int64_t cell;
    Coefficient coefficient;
};

// Coboundary of every cell: cofaces in ascending order, coefficients in [1, p).
class Coboundary {
public:
    Coboundary(const std::int64_t* offsets, const std::int64_t* rows, const std::int64_t* coefficients,
               std::int64_t cells, std::int64_t prime)
        : starts_(static_cast<std::size_t>(cells + 2), 0), entries_(static_cast<std::size_t>(offsets[cells])) {
        for (std::int64_t e = 0; e < offsets[cells]; ++e)
            if (coefficients[e] % prime != 0) ++starts_[static_cast<std::size_t>(rows[e] + 2)];
        for (std::size_t c = 2; c < starts_.size(); ++c) starts_[c] += starts_[c - 1];
        for (std::int64_t j = 0; j < cells; ++j)
            for (std::int64_t e = offsets[j]; e < offsets[j + 1]; ++e) {
                const std::int64_t residue = coefficients[e] % prime;
                if (residue == 0) continue;
                const auto value = static_cast<Coefficient>(residue < 0 ? residue + prime : residue);
                entries_[static_cast<std::size_t>(starts_[static_cast<std::size_t>(rows[e] + 1)]++)] = {j, value};
            }
    }

    const Entry* begin(std::int64_t cell) const { return entries_.data() + starts_[static_cast<std::size_t>(cell)]; }
    const Entry* end(std::int64_t cell) const { return entries_.data() + starts_[static_cast<std::size_t>(cell + 1)]; }

private:
    std::vector<std::int64_t> starts_;
    std::vector<Entry> entries_;
};

// A set of cells that finds its smallest member by following one bit per level of a 64-fold tree.
class BitTree {
public:
    explicit BitTree(std::int64_t cells) {
        do {
            cells = (cells + 63) / 64;
            levels_.emplace_back(static_cast<std::size_t>(std::max<std::int64_t>(cells, 1)), 0);
        } while (cells > 1);
    }

    bool toggle(std::int64_t cell) {
        std::uint64_t& word = at(0, cell >> 6);
        word ^= std::uint64_t{1} << (cell & 63);
        const bool now = (word >> (cell & 63) & 1) != 0;
        for (std::size_t level = 1; level < levels_.size(); ++level) {
            const bool filled = at(level - 1, cell >> 6) != 0;
            cell >>= 6;
            const std::uint64_t bit = std::uint64_t{1} << (cell & 63);
            std::uint64_t& parent = at(level, cell >> 6);
            if (((parent & bit) != 0) == filled) break;
            parent ^= bit;
        }
        return now;
    }

    // The smallest member, or -1 when empty.
    std::int64_t first() const {
        std::int64_t cell = 0;
        for (std::size_t level = levels_.size(); level-- > 0;) {
            const std::uint64_t word = levels_[level][static_cast<std::size_t>(cell)];
            if (word == 0) return -1;
            cell = cell << 6 | std::countr_zero(word);
        }
        return cell;
    }

private:
    std::uint64_t& at(std::size_t level, std::int64_t word) { return levels_[level][static_cast<std::size_t>(word)]; }

    std::vector<std::vector<std::uint64_t>> levels_;
};

// The column under reduction: a dense vector that is zero except on the members of a bit tree.
class WorkColumn {
public:
    WorkColumn(std::int64_t cells, const PrimeField& field)
        : field_(field), support_(cells), values_(static_cast<std::size_t>(cells), 0) {}

    void add(const Entry* begin, const Entry* end, Coefficient factor) {
        for (const Entry* e = begin; e != end; ++e) {
            Coefficient& value = values_[static_cast<std::size_t>(e->cell)];
            const bool was = value != 0;
            value = field_.add(value, factor == 1 ? e->coefficient : field_.multiply(factor, e->coefficient));
            if (was != (value != 0)) support_.toggle(e->cell);
        }
    }

    std::int64_t pivot() const { return support_.first(); }
    Coefficient value(std::int64_t cell) const { return values_[static_cast<std::size_t>(cell)]; }

    // Empties the column into `entries`, ascending.
    void drain(std::vector<Entry>& entries) {
        for (std::int64_t cell = pivot(); cell >= 0; cell = pivot()) {
            entries.push_back({cell, value(cell)});
            values_[static_cast<std::size_t>(cell)] = 0;
            support_.toggle(cell);
        }
    }

private:
    const PrimeField& field_;
    BitTree support_;
    std::vector<Coefficient> values_;
};

class CoboundaryReduction {
public:
    CoboundaryReduction(const Coboundary& matrix, std::int64_t cells, const PrimeField& field)
        : matrix_(matrix), field_(field), column_(cells, field), partner_(static_cast<std::size_t>(cells), never),
          reduced_(static_cast<std::size_t>(cells)) {}

    void reduce(std::int64_t cell) {
        if (partner(cell) != never) return;  // it ends a bar
        const Entry *begin = matrix_.begin(cell), *end = matrix_.end(cell);
        if (begin == end) return;
        if (partner(begin->cell) == never) {  // already reduced: keep no copy
            pair(cell, begin->cell);
            return;
        }
        column_.add(begin, end, 1);
        for (std::int64_t pivot = column_.pivot(); pivot >= 0; pivot = column_.pivot()) {
            const std::int64_t other = partner(pivot);
            if (other == never) {
                pair(cell, pivot);
                column_.drain(reduced_[static_cast<std::size_t>(cell)]);
                return;
            }
            subtract(other, pivot);
        }
    }

    std::vector<std::int64_t> take_partners() { return std::move(partner_); }

private:
    std::int64_t& partner(std::int64_t cell) { return partner_[static_cast<std::size_t>(cell)]; }

    void pair(std::int64_t birth, std::int64_t death) {
        partner(birth) = death;
        partner(death) = birth;
    }

    // Clears the pivot of the work column with the reduced column of `other`, which has the same pivot.
    void subtract(std::int64_t other, std::int64_t pivot) {
        const auto& stored = reduced_[static_cast<std::size_t>(other)];
        const Entry* begin = stored.empty() ? matrix_.begin(other) : stored.data();
        const Entry* end = stored.empty() ? matrix_.end(other) : stored.data() + stored.size();
        const Coefficient ratio = field_.multiply(column_.value(pivot), field_.inverse(begin->coefficient));
        column_.add(begin, end, field_.negate(ratio));
    }

    const Coboundary& matrix_;
    const PrimeField& field_;
    WorkColumn column_;
    std::vector<std::int64_t> partner_;
    std::vector<std::vector<Entry>> reduced_;  // empty where the coboundary itself is already reduced
};

// partner[j] = the cell that cell j is paired with, -1 for an essential class. Column j of the matrix holds
// rows[offsets[j] .. offsets[j + 1]), all of dimension dims[j] - 1 and earlier than j.
inline std::vector<std::int64_t> reduce_boundary(const std::int64_t* offsets, const std::int64_t* rows,
                                                 const std::int64_t* coefficients, const std::int64_t* dims,
                                                 std::int64_t cells, std::int64_t prime) {
    const PrimeField field(prime);
    const Coboundary matrix(offsets, rows, coefficients, cells, prime);
    std::vector<std::int64_t> order(static_cast<std::size_t>(cells));
    for (std::int64_t k = 0; k < cells; ++k) order[static_cast<std::size_t>(k)] = cells - 1 - k;
    std::stable_sort(order.begin(), order.end(), [dims](std::int64_t a, std::int64_t b) { return dims[a] < dims[b]; });
    CoboundaryReduction reduction(matrix, cells, field);
    for (const std::int64_t cell : order) reduction.reduce(cell);
    return reduction.take_partners();
}

}  // namespace topolens
