// Static split of a range over threads; the result must not depend on the split.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace topolens {

// Calls work(begin, end) on consecutive chunks of [0, count), one chunk per thread, the first on this one.
// The first exception of any chunk is rethrown here.
template <class Work>
void parallel_chunks(std::int64_t count, int threads, Work&& work) {
    const std::int64_t used = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(count, 1));
    if (used == 1) {
        if (count > 0) work(std::int64_t{0}, count);
        return;
    }
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(used));
    {
        const auto chunk = [&](std::int64_t t) {
            try {
                work(count * t / used, count * (t + 1) / used);
            } catch (...) {
                failures[static_cast<std::size_t>(t)] = std::current_exception();
            }
        };
        std::vector<std::jthread> crew;  // after what its threads look at, so that it is gone before it
        crew.reserve(static_cast<std::size_t>(used - 1));
        for (std::int64_t t = 1; t < used; ++t) crew.emplace_back([&chunk, t] { chunk(t); });
        chunk(0);
    }
    for (auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

}  // namespace topolens
