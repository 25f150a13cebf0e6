// Clusters inside each cell of a cover at one scale for all cells: components of the threshold graph, and DBSCAN.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cell_space.hpp"
#include "simd.hpp"
#include "threads.hpp"

namespace topolens {

// Calls work(c, state) for every cell; each thread takes the next free cell, since cells differ much in size, and
// makes its own state. A cell may only write what is its own.
template <class State, class Make, class Work>
void each_cell(std::int64_t cells, int threads, Make&& make, Work&& work) {
    std::atomic<std::int64_t> next{0};
    const std::int64_t crew = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(cells, 1));
    parallel_chunks(crew, static_cast<int>(crew), [&](std::int64_t, std::int64_t) {
        State state = make();
        for (std::int64_t c = next++; c < cells; c = next++) work(c, state);
    });
}

// Places of the values up to `bound`, appended to `found`, rising; most groups of 32 have none.
template <class Real>
TOPOLENS_VECTORISED std::int64_t places_within(const Real* values, std::int64_t count, Real bound,
                                           std::int32_t* found) {
    constexpr std::int64_t group = 32;
    std::int64_t size = 0, i = 0;
    for (; i + group <= count; i += group) {
        int any = 0;
        for (std::int64_t j = i; j < i + group; ++j) any |= values[j] <= bound;
        if (!any) continue;
        for (std::int64_t j = i; j < i + group; ++j) {
            found[size] = static_cast<std::int32_t>(j);
            size += values[j] <= bound;
        }
    }
    for (; i < count; ++i) {
        found[size] = static_cast<std::int32_t>(i);
        size += values[i] <= bound;
    }
    return size;
}

template <class Real>
TOPOLENS_VECTORISED std::int64_t count_within(const Real* values, std::int64_t count, Real bound) {
    std::int64_t size = 0;
    for (std::int64_t i = 0; i < count; ++i) size += values[i] <= bound;
    return size;
}

// One thread's room for the cells it takes. Members that have a label leave the slots, so that a cell whose points
// lie close together is scanned a few times only; the worst case is half of all pairs.
template <class Space>
class CellGroups {
public:
    using Real = decltype(Space::bound(0.0));

    CellGroups(Space space, Real bound) : space_(std::move(space)), bound_(bound) {}

    // Component of each member, numbered in order of first member; returns how many.
    std::int64_t components(const std::int64_t* members, std::int64_t count, std::int64_t* labels) {
        space_.load(members, count);
        reserve(count);
        for (std::int64_t i = 0; i < count; ++i) id_[at(i)] = slot_[at(i)] = i;
        std::fill(labels, labels + count, std::int64_t{-1});
        std::int64_t left = count, label = 0;
        for (std::int64_t seed = 0; seed < count; ++seed) {
            if (labels[seed] >= 0) continue;
            queue_.assign(1, seed);
            labels[seed] = label;
            take(slot_[at(seed)], --left);
            for (std::size_t head = 0; head < queue_.size() && left > 0; ++head) {
                space_.distances(queue_[head], 0, left, fresh_.data());
                const std::int64_t hits = places_within(fresh_.data(), left, bound_, found_.data());
                for (std::int64_t h = hits - 1; h >= 0; --h) {  // from the back: what moves in is no hit
                    const std::int64_t place = found_[at(h)], member = id_[at(place)];
                    labels[member] = label;
                    queue_.push_back(member);
                    take(place, --left);
                }
            }
            ++label;
        }
        return label;
    }

    // DBSCAN: members with at least `least` members (themselves included) within the bound are core; components of
    // core members are clusters, numbered in order of first core member; another member joins the first cluster that
    // has a core member within the bound, or is noise, -1.
    void dense(const std::int64_t* members, std::int64_t count, std::int64_t least, std::int64_t* labels) {
        space_.load(members, count);
        reserve(count);
        core_.clear(), stray_.clear(), core_members_.clear();
        for (std::int64_t i = 0; i < count; ++i)
            if (is_core(i, count, least))
                core_.push_back(i), core_members_.push_back(members[i]);
            else
                stray_.push_back(i);
        const auto cores = static_cast<std::int64_t>(core_.size());
        core_labels_.resize(core_.size());
        components(core_members_.data(), cores, core_labels_.data());
        for (std::int64_t c = 0; c < cores; ++c) labels[core_[at(c)]] = core_labels_[at(c)];
        join_strays(members, count, labels);
    }

private:
    static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

    void reserve(std::int64_t count) {
        if (fresh_.size() >= at(count)) return;
        fresh_.resize(at(count)), id_.resize(at(count)), slot_.resize(at(count)), found_.resize(at(count));
    }

    // Fills `place` with the last of the slots in use.
    void take(std::int64_t place, std::int64_t last) {
        if (place == last) return;
        space_.move(last, place);
        id_[at(place)] = id_[at(last)];
        slot_[at(id_[at(place)])] = place;
    }

    bool is_core(std::int64_t member, std::int64_t count, std::int64_t least) {
        constexpr std::int64_t block = 256;
        std::int64_t near = 0;
        // Neighbours tend to have nearby rows where data come in order: begin at the member's own block, then round.
        const std::int64_t blocks = (count + block - 1) / block, own = member / block;
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t begin = (own + b) % blocks * block, size = std::min(block, count - begin);
            space_.distances(member, begin, size, fresh_.data());
            near += count_within(fresh_.data(), size, bound_);
            if (near >= least) return true;
        }
        return false;
    }

    void join_strays(const std::int64_t* members, std::int64_t count, std::int64_t* labels) {
        if (stray_.empty()) return;
        space_.load(members, count);  // core members have left their slots
        for (const std::int64_t member : stray_) labels[member] = -1;
        for (const std::int64_t member : stray_) {
            space_.distances(member, 0, count, fresh_.data());
            const std::int64_t hits = places_within(fresh_.data(), count, bound_, found_.data());
            std::int64_t first = std::numeric_limits<std::int64_t>::max();
            for (std::int64_t h = 0, c = 0; h < hits; ++h) {
                while (c < static_cast<std::int64_t>(core_.size()) && core_[at(c)] < found_[at(h)]) ++c;
                if (c == static_cast<std::int64_t>(core_.size())) break;
                if (core_[at(c)] == found_[at(h)]) first = std::min(first, core_labels_[at(c)]);
            }
            if (first != std::numeric_limits<std::int64_t>::max()) labels[member] = first;
        }
    }

    Space space_;
    Real bound_;
    std::vector<Real> fresh_;
    std::vector<std::int32_t> found_;
    std::vector<std::int64_t> id_, slot_, queue_, core_, stray_, core_members_, core_labels_;
};

// Labels of all memberships. `least` 0: components of the threshold graph; above: DBSCAN with so many neighbours.
template <class Space>
std::vector<std::int64_t> cell_groups(const Space& space, const std::int64_t* members, const std::int64_t* offsets,
                                      std::int64_t cells, double scale, std::int64_t least, int threads) {
    std::vector<std::int64_t> labels(static_cast<std::size_t>(offsets[cells]));
    each_cell<CellGroups<Space>>(
        cells, threads, [&] { return CellGroups<Space>(space, Space::bound(scale)); },
        [&](std::int64_t c, CellGroups<Space>& groups) {
            const std::int64_t count = offsets[c + 1] - offsets[c];
            std::int64_t* own = labels.data() + offsets[c];
            if (count == 0) return;
            if (least == 0)
                groups.components(members + offsets[c], count, own);
            else
                groups.dense(members + offsets[c], count, least, own);
        });
    return labels;
}

// For each query of each cell the place in `members` of the cell's nearest member, the first of equals; -1 in an
// empty cell. Cell c asks for the queries asked[starts[c] .. starts[c + 1]).
template <class Real>
std::vector<std::int64_t> cell_nearest(const Real* points, std::int64_t axes, const std::int64_t* members,
                                       const std::int64_t* offsets, std::int64_t cells, const Real* queries,
                                       const std::int64_t* asked, const std::int64_t* starts, int threads) {
    struct State {
        CloudCell<Real> cell;
        std::vector<Real> fresh;
    };
    std::vector<std::int64_t> places(static_cast<std::size_t>(starts[cells]), -1);
    each_cell<State>(
        cells, threads, [&] { return State{CloudCell<Real>(points, axes), {}}; },
        [&](std::int64_t c, State& state) {
            const std::int64_t count = offsets[c + 1] - offsets[c];
            if (count == 0 || starts[c] == starts[c + 1]) return;
            state.cell.load(members + offsets[c], count);
            state.fresh.resize(static_cast<std::size_t>(count));
            for (std::int64_t q = starts[c]; q < starts[c + 1]; ++q) {
                state.cell.distances(queries + asked[q] * axes, 0, count, state.fresh.data());
                places[static_cast<std::size_t>(q)] =
                    offsets[c] + (std::min_element(state.fresh.begin(), state.fresh.end()) - state.fresh.begin());
            }
        });
    return places;
}

}  // namespace topolens
