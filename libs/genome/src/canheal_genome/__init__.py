"""What a variant is: VCF, alleles, builds, intervals."""
