#include "bindings.hpp"

void bind_graphs(nb::module_&) {}
