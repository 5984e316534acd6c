#ifndef CQWENKERNELS_H
#define CQWENKERNELS_H
#endif
