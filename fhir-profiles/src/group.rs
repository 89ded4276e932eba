//! Group, authored: the panel of a practice.

use serde_json::json;

/// What a panel's Group says.
#[derive(Clone, Debug, Default)]
pub struct Panel<'a> {
    /// Logical id.
    pub id: &'a str,
    /// Identifier system of practices, a URI.
    pub system: &'a str,
    /// The practice's identifier.
    pub practice: &'a str,
    /// Ids of the patients, in order.
    pub members: &'a [&'a str],
}

/// The Group of a practice's patients: those whose PCP the EHR says is in the practice.
pub fn panel(panel: &Panel<'_>) -> Vec<u8> {
    let members = panel.members.iter().map(|id| json!({"entity": {"reference": format!("Patient/{id}")}}));
    let mut group = json!({
        "resourceType": "Group",
        "id": panel.id,
        "identifier": [{"system": panel.system, "value": panel.practice}],
        "active": true,
        "type": "person",
        "actual": true,
        "name": "The practice's patients, by the primary care provider that the hospital knows",
        "quantity": panel.members.len(),
        "member": members.collect::<Vec<_>>(),
    });
    // FHIR knows no empty arrays.
    if let (true, Some(group)) = (panel.members.is_empty(), group.as_object_mut()) {
        group.remove("member");
    }
    serde_json::to_vec(&group).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_a_group_that_others_can_read() {
        let members = ["a", "b"];
        for members in [&members[..], &[]] {
            let bytes = panel(&Panel { id: "north", system: "urn:x", practice: "north", members });
            let typed: fhir_sdk::r4b::resources::Group = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(typed.member.len(), members.len());
            assert_eq!(typed.quantity.as_ref().map(ToString::to_string), Some(members.len().to_string()));
        }
    }
}
