// An array that grows without running constructors, for buffers that are written before they are read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace topolens {

template <class T>
class RawArray {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    RawArray() = default;
    explicit RawArray(std::size_t count) { reserve(count); }

    // All bytes zero; pages that are never touched cost nothing.
    static RawArray zeros(std::size_t count) {
        RawArray made;
        made.adopt(std::calloc(std::max<std::size_t>(count, 1), sizeof(T)), count);
        return made;
    }

    // Room for `count` items; those already there stay.
    void reserve(std::size_t count) {
        if (count <= capacity_) return;
        const std::size_t room = std::max(count, capacity_ + capacity_ / 2);
        void* moved = std::realloc(items_.get(), room * sizeof(T));
        if (moved != nullptr) static_cast<void>(items_.release());
        adopt(moved, room);
    }

    T& operator[](std::size_t k) { return items_[k]; }
    const T& operator[](std::size_t k) const { return items_[k]; }
    T* data() { return items_.get(); }
    const T* data() const { return items_.get(); }

private:
    struct Free {
        void operator()(T* items) const { std::free(items); }
    };

    void adopt(void* items, std::size_t capacity) {
        if (items == nullptr) throw std::bad_alloc();
        items_.reset(static_cast<T*>(items));
        capacity_ = capacity;
        advise();
    }

    // Large arrays ask for large pages: fetching a fresh page costs as much as writing it.
    void advise() {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        constexpr std::uintptr_t page = 4096;
        const auto start = (reinterpret_cast<std::uintptr_t>(items_.get()) + page - 1) / page * page;
        const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(items_.get() + capacity_);
        if (capacity_ * sizeof(T) >= std::size_t{1} << 21)
            static_cast<void>(madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE));
#endif
    }

    std::unique_ptr<T[], Free> items_;
    std::size_t capacity_ = 0;
};

}  // namespace topolens
