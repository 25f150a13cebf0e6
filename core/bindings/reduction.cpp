#include "bindings.hpp"

void bind_reduction(nb::module_&) {}
