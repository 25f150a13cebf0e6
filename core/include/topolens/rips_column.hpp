// A column of the coboundary matrix while it is being reduced: simplices in, the earliest one out.
//
// Reduction only moves forward, so entries wait unsorted in buckets of equal diameter; only the bucket that
// holds the pivot is a heap. One large heap would spend its time on cache misses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "edge_order.hpp"
#include "prime_field.hpp"

namespace topolens {

struct Simplex {
    std::int64_t number;
    Rank diameter;
    Coefficient coefficient;
};

// Filtration order of simplices, turned round.
inline bool later(const Simplex& a, const Simplex& b) {
    return a.diameter != b.diameter ? a.diameter > b.diameter : a.number < b.number;
}

class RipsColumn {
public:
    explicit RipsColumn(std::int64_t rank_count) {
        while (rank_count >> shift_ > 1 << 20) ++shift_;
        waiting_.resize(static_cast<std::size_t>(rank_count >> shift_) + 1);
    }

    void clear() {
        front_.clear();
        for (const std::size_t bucket : filled_) waiting_[bucket].clear();
        filled_.clear();
        front_bucket_ = -1;
    }

    // No entry may be earlier than a pivot that was taken.
    void add(const Simplex& entry) {
        const std::int64_t bucket = entry.diameter >> shift_;
        if (bucket == front_bucket_) {
            push(entry);
            return;
        }
        auto& entries = waiting_[static_cast<std::size_t>(bucket)];
        if (entries.empty()) {
            filled_.push_back(static_cast<std::size_t>(bucket));
            std::push_heap(filled_.begin(), filled_.end(), std::greater<>());
        }
        entries.push_back(entry);
    }

    // Writes the earliest simplex whose coefficients do not add up to 0, and keeps it; false if there is none.
    bool take_pivot(const PrimeField& field, Simplex& pivot) {
        while (true) {
            while (!front_.empty()) {
                pivot = pop();
                while (!front_.empty() && front_.front().number == pivot.number)
                    pivot.coefficient = field.add(pivot.coefficient, pop().coefficient);
                if (pivot.coefficient == 0) continue;
                push(pivot);
                return true;
            }
            if (filled_.empty()) return false;
            std::pop_heap(filled_.begin(), filled_.end(), std::greater<>());
            front_bucket_ = static_cast<std::int64_t>(filled_.back());
            filled_.pop_back();
            front_.swap(waiting_[static_cast<std::size_t>(front_bucket_)]);
            std::make_heap(front_.begin(), front_.end(), later);
        }
    }

private:
    void push(const Simplex& entry) {
        front_.push_back(entry);
        std::push_heap(front_.begin(), front_.end(), later);
    }
    Simplex pop() {
        std::pop_heap(front_.begin(), front_.end(), later);
        const Simplex top = front_.back();
        front_.pop_back();
        return top;
    }

    int shift_ = 0;
    std::int64_t front_bucket_ = -1;
    std::vector<Simplex> front_;  // a heap
    std::vector<std::vector<Simplex>> waiting_;  // by bucket
    std::vector<std::size_t> filled_;  // waiting buckets with entries, a heap
};

}  // namespace topolens
