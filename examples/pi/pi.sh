#!/bin/bash
#SBATCH --job-name=estimate-pi
#SBATCH --output=estimate-pi-%j.out
#SBATCH --time=00:05:00

# Sums Leibniz' series over the range in range.txt, part by part: π = 4 · (1 - 1/3 + 1/5 - …)
read -r from to parts <range.txt
echo "Job $SLURM_JOB_ID on $(hostname): terms $from to $to in $parts parts"
sum=0
for part in $(seq "$parts"); do
  first=$((from + (to - from) * (part - 1) / parts))
  last=$((from + (to - from) * part / parts))
  sum=$(LC_ALL=C awk -v sum="$sum" -v first="$first" -v last="$last" 'BEGIN {
    sign = first % 2 ? -4 : 4
    for (k = first; k < last; k++) { sum += sign / (2 * k + 1); sign = -sign }
    printf "%.15f", sum }')
  echo "part $part of $parts: after $last terms π ≈ $sum"
done
echo "$sum" >pi.txt
