// Differences of order statistics in sliding windows: forward by a sorting network, backward by remembered places.
//
// A sorting network compares at fixed places, so many windows are sorted at once in vectors. Only the
// comparisons that some wanted rank depends on are made. Which entry of a window has a rank is found afterwards, as the
// first with its value; equal ends of a range so come from the same entry, and their gradient is 0.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "simd.hpp"
#include "threads.hpp"

namespace topolens {

struct Comparison {
    std::int32_t low, high;     // places in the window
    bool wants_low, wants_high;  // which of the two results is ever read
};

// Batcher's odd-even merge sort of `size` entries, without what the wanted ranks do not depend on.
inline std::vector<Comparison> sorting_network(std::int32_t size, const std::vector<std::int32_t>& ranks) {
    std::vector<Comparison> all;
    for (std::int32_t run = 1; run < size; run *= 2)
        for (std::int32_t gap = run; gap >= 1; gap /= 2)
            for (std::int32_t start = gap % run; start + gap < size; start += 2 * gap)
                for (std::int32_t i = start; i < std::min(start + gap, size - gap); ++i)
                    if (i / (2 * run) == (i + gap) / (2 * run)) all.push_back({i, i + gap, true, true});
    std::vector<bool> wanted(static_cast<std::size_t>(size), false);
    for (const std::int32_t rank : ranks) wanted[static_cast<std::size_t>(rank)] = true;
    std::vector<Comparison> kept;
    for (auto step = all.rbegin(); step != all.rend(); ++step) {
        const auto low = static_cast<std::size_t>(step->low), high = static_cast<std::size_t>(step->high);
        if (!wanted[low] && !wanted[high]) continue;
        kept.push_back({step->low, step->high, wanted[low], wanted[high]});
        wanted[low] = wanted[high] = true;
    }
    std::reverse(kept.begin(), kept.end());
    return kept;
}

// Where windows lie: out position (z, y, x) looks at entries first(z, y, x) + offsets of its plane.
struct WindowGrid {
    std::array<std::int64_t, 3> sides;    // of a padded plane
    std::array<std::int64_t, 3> out;      // number of windows along each axis
    std::array<std::int64_t, 3> strides;  // entries from one window to the next
    std::vector<std::int64_t> offsets;    // of a window's entries, in raster order

    std::int64_t plane() const { return sides[0] * sides[1] * sides[2]; }
    std::int64_t windows() const { return out[0] * out[1] * out[2]; }
    std::int64_t rows() const { return out[0] * out[1]; }
    bool is_dense() const { return strides == std::array<std::int64_t, 3>{1, 1, 1}; }
    // Places of first entries from the first to the last window of a plane, those between rows included.
    std::int64_t span() const { return windows() == 0 ? 0 : first(rows() - 1) + (out[2] - 1) * strides[2] + 1; }
    std::int64_t first(std::int64_t row) const {
        return ((row / out[1]) * strides[0] * sides[1] + (row % out[1]) * strides[1]) * sides[2];
    }
};

// Ranges between two wanted ranks; a `low` of -1 stands for the value of `high` itself.
struct RankRange {
    std::int32_t low, high;  // places in the list of wanted ranks
};

namespace detail {

inline constexpr std::int64_t window_lanes = 128;  // windows sorted at once

template <class Real>
using LaneInteger = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;

template <class Real>
TOPOLENS_VECTORISED void run_network(const Comparison* steps, std::int64_t count, Real* sorted) {
    for (std::int64_t s = 0; s < count; ++s) {
        Real* __restrict a = sorted + steps[s].low * window_lanes;
        Real* __restrict b = sorted + steps[s].high * window_lanes;
        if (!steps[s].wants_high) {
            for (std::int64_t l = 0; l < window_lanes; ++l) a[l] = b[l] < a[l] ? b[l] : a[l];
        } else if (!steps[s].wants_low) {
            for (std::int64_t l = 0; l < window_lanes; ++l) b[l] = b[l] < a[l] ? a[l] : b[l];
        } else {
            for (std::int64_t l = 0; l < window_lanes; ++l) {
                const Real x = a[l], y = b[l];
                a[l] = y < x ? y : x;
                b[l] = y < x ? x : y;
            }
        }
    }
}

// The first entry of each window that has the given value.
template <class Real>
TOPOLENS_VECTORISED void find_entries(const Real* __restrict given, std::int64_t entries, const Real* __restrict value,
                                      LaneInteger<Real>* __restrict found) {
    for (std::int64_t l = 0; l < window_lanes; ++l) found[l] = 0;
    for (std::int64_t j = entries; j-- > 0;) {
        const auto place = static_cast<LaneInteger<Real>>(j);
        for (std::int64_t l = 0; l < window_lanes; ++l)
            found[l] = given[j * window_lanes + l] == value[l] ? place : found[l];
    }
}

// The same, but the first after that of the rank below where both have one value.
template <class Real>
TOPOLENS_VECTORISED void find_next_entries(const Real* __restrict given, std::int64_t entries,
                                           const Real* __restrict value, const Real* __restrict below,
                                           const LaneInteger<Real>* __restrict found_below,
                                           LaneInteger<Real>* __restrict found) {
    LaneInteger<Real> after[window_lanes];
    for (std::int64_t l = 0; l < window_lanes; ++l) after[l] = value[l] == below[l] ? found_below[l] : -1;
    for (std::int64_t l = 0; l < window_lanes; ++l) found[l] = found_below[l];
    for (std::int64_t j = entries; j-- > 0;) {
        const auto place = static_cast<LaneInteger<Real>>(j);
        for (std::int64_t l = 0; l < window_lanes; ++l)
            found[l] = (given[j * window_lanes + l] == value[l]) & (place > after[l]) ? place : found[l];
    }
}

}  // namespace detail

template <class Real, class Index>
class RankRanges {
public:
    // With `absent`, entries of value inf do not exist: a rank beyond the last that does is that of the largest. With
    // `apart`, neighbouring ranks of one value stand for one equal entry after the other.
    RankRanges(WindowGrid grid, std::vector<std::int32_t> ranks, std::vector<RankRange> ranges, bool absent,
               bool apart = false)
        : grid_(std::move(grid)), ranks_(std::move(ranks)), ranges_(std::move(ranges)), absent_(absent),
          apart_(apart) {
        std::vector<std::int32_t> needed = ranks_;
        if (absent_)
            for (std::int32_t r = 0; r < size(); ++r) needed.push_back(r);
        network_ = sorting_network(size(), needed);
    }

    // out (planes, ranges, windows) and entries (planes, ranks, windows).
    void forward(const Real* padded, std::int64_t planes, int threads, Real* out, Index* entries) const {
        const std::int64_t windows = grid_.windows(), units = grid_.is_dense() ? grid_.span() : windows;
        const std::int64_t blocks = (units + lanes - 1) / lanes;
        parallel_chunks(planes * blocks, threads, [&](std::int64_t begin, std::int64_t end) {
            Scratch scratch(size(), places());
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t plane = i / blocks, start = i % blocks * lanes;
                const Real* from = padded + plane * grid_.plane();
                if (grid_.is_dense())
                    load_dense(from, start, scratch.given.data());
                else
                    load(from, start, std::min(lanes, units - start), scratch.given.data());
                sort(scratch);
                write(start, std::min(lanes, units - start), scratch, out + plane * ranges() * windows,
                      entries + plane * places() * windows);
            }
        });
    }

    // Adds to grad (planes, plane) what the gradient of out sends there. With `values` given, what goes to one entry is
    // shared by all of the window that have its value.
    void scatter(const Real* gradient, const Index* entries, const Real* values, std::int64_t planes, int threads,
                 Real* grad) const {
        each_row(entries, planes, threads, [&](const Row& row) {
            std::fill(row.ends, row.ends + places() * row.count, Real{0});
            for (std::int64_t w = 0; w < ranges(); ++w) {
                const RankRange range = ranges_[static_cast<std::size_t>(w)];
                const Real* from = gradient + (row.plane * ranges() + w) * grid_.windows() + row.window;
                Real* high = row.ends + range.high * row.count;
                if (range.low < 0) {
                    for (std::int64_t x = 0; x < row.count; ++x) high[x] += from[x];
                    continue;
                }
                Real* low = row.ends + range.low * row.count;
                const Index *at_high = row.entries(range.high), *at_low = row.entries(range.low);
                for (std::int64_t x = 0; x < row.count; ++x) {
                    const Real sent = at_high[x] == at_low[x] ? Real{0} : from[x];
                    high[x] += sent;
                    low[x] -= sent;
                }
            }
            each_end(row, values, [&](Real& end, std::int64_t place, Real share) { grad[place] += share * end; });
        });
    }

    // The adjoint: out (planes, ranges, windows) from a field on the padded planes.
    void gather(const Real* field, const Index* entries, const Real* values, std::int64_t planes, int threads,
                Real* out) const {
        each_row(entries, planes, threads, [&](const Row& row) {
            std::fill(row.ends, row.ends + places() * row.count, Real{0});
            each_end(row, values, [&](Real& end, std::int64_t place, Real share) { end += share * field[place]; });
            for (std::int64_t w = 0; w < ranges(); ++w) {
                const RankRange range = ranges_[static_cast<std::size_t>(w)];
                Real* to = out + (row.plane * ranges() + w) * grid_.windows() + row.window;
                const Real* high = row.ends + range.high * row.count;
                if (range.low < 0) {
                    std::copy(high, high + row.count, to);
                    continue;
                }
                const Real* low = row.ends + range.low * row.count;
                const Index *at_high = row.entries(range.high), *at_low = row.entries(range.low);
                for (std::int64_t x = 0; x < row.count; ++x) to[x] = at_high[x] == at_low[x] ? Real{0} : high[x] - low[x];
            }
        });
    }

private:
    static constexpr std::int64_t lanes = detail::window_lanes;

    std::int32_t size() const { return static_cast<std::int32_t>(grid_.offsets.size()); }
    std::int64_t ranges() const { return static_cast<std::int64_t>(ranges_.size()); }
    std::int64_t places() const { return static_cast<std::int64_t>(ranks_.size()); }

    // What one thread works on: the windows of a block as columns, before and after sorting.
    struct Scratch {
        Scratch(std::int64_t entries, std::int64_t ranks)
            : given(static_cast<std::size_t>(entries * lanes), Real{0}), sorted(given.size()),
              values(static_cast<std::size_t>(ranks * lanes)), found(values.size()) {}

        std::vector<Real> given, sorted, values;
        std::vector<detail::LaneInteger<Real>> found;
    };

    // Values and entries of the wanted ranks.
    void sort(Scratch& scratch) const {
        std::copy(scratch.given.begin(), scratch.given.end(), scratch.sorted.begin());
        detail::run_network(network_.data(), static_cast<std::int64_t>(network_.size()), scratch.sorted.data());
        for (std::int64_t r = 0; r < places(); ++r) {
            Real* value = scratch.values.data() + r * lanes;
            auto* found = scratch.found.data() + r * lanes;
            take(scratch.sorted.data(), ranks_[static_cast<std::size_t>(r)], value);
            if (apart_ && r > 0)
                detail::find_next_entries(scratch.given.data(), size(), value, value - lanes, found - lanes, found);
            else
                detail::find_entries(scratch.given.data(), size(), value, found);
        }
    }

    void write(std::int64_t start, std::int64_t count, const Scratch& scratch, Real* out, Index* entries) const {
        each_run(start, count, [&](std::int64_t lane, std::int64_t window, std::int64_t run) {
            for (std::int64_t r = 0; r < places(); ++r) {
                const auto* found = scratch.found.data() + r * lanes + lane;
                Index* to = entries + r * grid_.windows() + window;
                for (std::int64_t l = 0; l < run; ++l) to[l] = static_cast<Index>(found[l]);
            }
            for (std::int64_t w = 0; w < ranges(); ++w) {
                const RankRange range = ranges_[static_cast<std::size_t>(w)];
                const Real* high = scratch.values.data() + range.high * lanes + lane;
                Real* to = out + w * grid_.windows() + window;
                if (range.low < 0) {
                    std::copy(high, high + run, to);
                    continue;
                }
                const Real* low = scratch.values.data() + range.low * lanes + lane;
                for (std::int64_t l = 0; l < run; ++l) to[l] = high[l] == low[l] ? Real{0} : high[l] - low[l];
            }
        });
    }

    // Calls work(lane, window, count) for each run of windows in a block.
    template <class Work>
    void each_run(std::int64_t start, std::int64_t count, Work&& work) const {
        if (!grid_.is_dense()) return work(std::int64_t{0}, start, count);
        const std::int64_t height = grid_.sides[1], width = grid_.sides[2];
        for (std::int64_t lane = 0; lane < count;) {
            const std::int64_t row = (start + lane) / width, x = (start + lane) % width, y = row % height;
            const std::int64_t run = std::min(count - lane, grid_.out[2] - x);
            if (run > 0 && y < grid_.out[1]) work(lane, (row / height * grid_.out[1] + y) * grid_.out[2] + x, run);
            lane += width - x;
        }
    }

    // Entries of the windows that begin at `start` and the places after it, windows or not; what lies beyond the plane
    // is left as it was.
    void load_dense(const Real* plane, std::int64_t start, Real* given) const {
        for (const std::int64_t offset : grid_.offsets) {
            const Real* from = plane + start + offset;
            std::copy(from, from + std::clamp<std::int64_t>(grid_.plane() - start - offset, 0, lanes), given);
            given += lanes;
        }
    }

    // Entries of `count` windows from number `start` on, entry after entry; a block may reach over several rows.
    void load(const Real* plane, std::int64_t start, std::int64_t count, Real* given) const {
        const std::int64_t step = grid_.strides[2];
        for (std::int64_t lane = 0; lane < count;) {
            const std::int64_t row = (start + lane) / grid_.out[2], x = (start + lane) % grid_.out[2];
            const std::int64_t run = std::min(count - lane, grid_.out[2] - x);
            const Real* from = plane + grid_.first(row) + x * step;
            Real* to = given + lane;
            for (const std::int64_t offset : grid_.offsets) {
                for (std::int64_t l = 0; l < run; ++l) to[l] = from[offset + l * step];
                to += lanes;
            }
            lane += run;
        }
    }

    // Values of one rank, of the largest that is there where it does not exist.
    void take(const Real* sorted, std::int32_t rank, Real* value) const {
        std::copy(sorted + rank * lanes, sorted + (rank + 1) * lanes, value);
        constexpr Real never = std::numeric_limits<Real>::infinity();
        for (std::int32_t r = rank; absent_ && r-- > 0;)
            for (std::int64_t l = 0; l < lanes; ++l) value[l] = value[l] == never ? sorted[r * lanes + l] : value[l];
    }

    // One row of windows, and for every rank of each a number that is on its way to or from its entry.
    struct Row {
        std::int64_t plane, window, count, first;  // first: place of the first window among all planes
        const Index* places;                       // entries of the first rank
        std::int64_t stride;                       // from one rank to the next
        Real* ends;                                // (ranks, count)

        const Index* entries(std::int64_t rank) const { return places + rank * stride; }
    };

    template <class Visit>
    void each_row(const Index* entries, std::int64_t planes, int threads, Visit&& visit) const {
        const std::int64_t windows = grid_.windows(), count = grid_.out[2];
        parallel_chunks(planes, threads, [&](std::int64_t begin, std::int64_t end) {
            std::vector<Real> ends(static_cast<std::size_t>(places() * count));
            for (std::int64_t plane = begin; plane < end; ++plane)
                for (std::int64_t r = 0; r < grid_.rows(); ++r)
                    visit(Row{plane, r * count, count, plane * grid_.plane() + grid_.first(r),
                              entries + plane * places() * windows + r * count, windows, ends.data()});
        });
    }

    // Calls visit(number, place among all planes, share) for the number of every rank and window of a row.
    template <class Visit>
    void each_end(const Row& row, const Real* values, Visit&& visit) const {
        for (std::int64_t r = 0; r < places(); ++r) {
            Real* ends = row.ends + r * row.count;
            const Index* entries = row.entries(r);
            for (std::int64_t x = 0; x < row.count; ++x) {
                const std::int64_t at = row.first + x * grid_.strides[2];
                const std::int64_t place = at + grid_.offsets[entries[x]];
                if (values == nullptr) {
                    visit(ends[x], place, Real{1});
                    continue;
                }
                std::int64_t equal = 0;
                for (const std::int64_t offset : grid_.offsets) equal += values[at + offset] == values[place];
                if (equal == 1) {
                    visit(ends[x], place, Real{1});
                    continue;
                }
                for (const std::int64_t offset : grid_.offsets)
                    if (values[at + offset] == values[place])
                        visit(ends[x], at + offset, Real{1} / static_cast<Real>(equal));
            }
        }
    }

    WindowGrid grid_;
    std::vector<std::int32_t> ranks_;
    std::vector<RankRange> ranges_;
    bool absent_, apart_;
    std::vector<Comparison> network_;
};

}  // namespace topolens
