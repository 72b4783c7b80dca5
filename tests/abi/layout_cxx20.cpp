// The layout as C++20 sees it.
#include "layout.h"
