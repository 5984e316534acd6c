#include "CQwenKernels.h"
