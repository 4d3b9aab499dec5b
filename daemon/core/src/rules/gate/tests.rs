//! Sets of roles, and what a gate looks at.

use super::*;

#[test]
fn a_set_has_the_roles_that_were_put_in() {
    for bits in 0_u8..8 {
        let roles: Vec<_> =
            Role::ALL.into_iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).collect();
        let set: RoleSet = roles.iter().map(|(_, role)| *role).collect();
        assert!(set.iter().eq(roles.iter().map(|(_, role)| *role)), "{bits:03b}");
        assert!(Role::ALL.into_iter().all(|r| set.contains(r) == set.iter().any(|one| one == r)));
    }
    assert_eq!(RoleSet::ALL, Role::ALL.into_iter().collect());
    assert_eq!(RoleSet::default().iter().count(), 0);
}

#[test]
fn staff_only_is_nobody_else() {
    let gate = Gate::staff_only();
    assert!(gate.staff && !gate.own && gate.others.is_empty());
}
