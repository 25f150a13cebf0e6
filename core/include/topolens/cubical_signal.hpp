// Persistence pairs of signals on a line, in one pass and without sorting.
//
// Only extrema matter, and they alternate. Of four neighbouring extrema a, b, c, d the inner two are a bar once
// a and d enclose them in the order of (value, index): taking them out changes no other bar. What stands on a stack
// is free of such quadruples, so each new extremum has to look at its last three only. Beyond both ends the
// signal counts as infinitely high. V and T give the same bars: two neighbours meet with the later one.
#pragma once

#include <cstdint>
#include <vector>

#include "pairs.hpp"

namespace topolens {

template <class Real>
class SignalPairs {
public:
    // Pairs in order of birth, bars of no length left out.
    void compute(const Real* signal, std::int64_t length, Pairs& pairs) {
        pairs.clear();
        if (length == 0) return;
        signal_ = signal;
        extrema_.assign(1, outside);
        deaths_.assign(static_cast<std::size_t>(length), unborn);
        bool falls = true;  // towards the next sample; at the end the signal rises
        for (std::int64_t i = 0; i < length; ++i) {
            const bool fell = falls;
            falls = i + 1 < length && earlier(i + 1, i);
            if (fell != falls) add(i);
        }
        add(outside);
        deaths_[static_cast<std::size_t>(extrema_[1])] = never;
        for (std::int64_t i = 0; i < length; ++i)
            if (deaths_[static_cast<std::size_t>(i)] != unborn)
                pairs.push_back({0, i, deaths_[static_cast<std::size_t>(i)]});
    }

private:
    static constexpr std::int64_t outside = -1, unborn = -2;

    bool earlier(std::int64_t i, std::int64_t j) const {
        if (i == outside || j == outside) return i != outside;
        return signal_[i] < signal_[j] || (signal_[i] == signal_[j] && i < j);
    }

    void add(std::int64_t extremum) {
        while (extrema_.size() >= 3) {
            const std::int64_t a = extrema_.end()[-3], b = extrema_.end()[-2], c = extrema_.back();
            const bool b_is_low = earlier(b, c);
            if (b_is_low ? !(earlier(c, a) && earlier(extremum, b)) : !(earlier(a, c) && earlier(b, extremum))) break;
            const std::int64_t low = b_is_low ? b : c, high = b_is_low ? c : b;
            if (signal_[low] < signal_[high]) deaths_[static_cast<std::size_t>(low)] = high;
            extrema_.resize(extrema_.size() - 2);
        }
        extrema_.push_back(extremum);
    }

    const Real* signal_ = nullptr;
    std::vector<std::int64_t> extrema_, deaths_;
};

}  // namespace topolens
